import { createEmbedder, type ModelManifest } from '@lat.md/embed'
import { openOnnxEngine } from './onnx/onnx-engine.ts'
import type { EngineChoice, TextEngine } from './text-engine.ts'

/** Opens the engine that is chosen; `auto` takes the faster one that is installed. */
export async function openEngine(model: ModelManifest, choice: EngineChoice): Promise<TextEngine> {
  const faster = choice === 'wasm' ? undefined : await openOnnxEngine(model)
  if (faster !== undefined) return faster
  if (choice === 'onnxruntime') throw new Error('onnxruntime-node is not installed; npm install onnxruntime-node')
  const embedder = await createEmbedder({ model })
  return {
    embed: async text => {
      // One text a call: more would be spread over further threads.
      const [numbers] = await embedder.embed([text])
      return numbers ?? []
    },
  }
}

import { createEmbedder, type ModelManifest } from '@lat.md/embed'
import { openOnnxEngine } from './onnx/onnx-engine.ts'

/** What runs the model: `onnxruntime-node` where it is installed, WebAssembly else. Vectors agree to six digits. */
export type EngineChoice = 'auto' | 'onnxruntime' | 'wasm'

/** Turns a text, given with the ids of its word pieces, into numbers of any length. */
export interface TextEngine {
  embed(text: string, pieces: readonly number[]): Promise<ArrayLike<number>>
}

/** Opens the engine that is chosen; `auto` takes the faster one that is installed. */
export async function openTextEngine(model: ModelManifest, choice: EngineChoice): Promise<TextEngine> {
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

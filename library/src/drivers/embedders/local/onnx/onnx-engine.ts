import { readFileSync } from 'node:fs'
import type { ModelManifest } from '@lat.md/embed'
import type { TextEngine } from '../text-engine.ts'
import { type BertShape, bertModel } from './bert-graph.ts'
import { readTensors } from './safetensors.ts'

/** The few things of onnxruntime-node that are called. */
interface OnnxRuntime {
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> }
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dimensions: readonly number[]) => object
}
interface Session {
  readonly outputNames: readonly string[]
  run(feeds: Readonly<Record<string, object>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>
}

/** The marks before and behind each text ([CLS], [SEP]) in the vocabulary of uncased BERT models. */
const [begin, end] = [101, 102]
/** One thread, the one that asks, so that its priority and its share of the processor hold. */
const sessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', logSeverityLevel: 3 }

/**
 * The model by `onnxruntime-node`, five to ten times as fast as WebAssembly; undefined where that is not installed.
 * Its graph is made here from the same weights.
 */
export async function openOnnxEngine(model: ModelManifest): Promise<TextEngine | undefined> {
  const runtime = await installed()
  if (runtime === undefined) return undefined
  // The file comes with the model's package and says what its weights need.
  const shape = JSON.parse(readFileSync(model.configPath, 'utf8')) as BertShape
  const graph = bertModel(readTensors(readFileSync(model.weightsPath)), shape)
  const session = await runtime.InferenceSession.create(graph, sessionOptions)
  const [output = ''] = session.outputNames
  return {
    embed: async (_, pieces) => {
      const ids = [begin, ...pieces.slice(0, model.maxTokens - 2), end]
      const answer = await session.run({
        ids: new runtime.Tensor('int64', BigInt64Array.from(ids, BigInt), [ids.length]),
        positions: new runtime.Tensor('int64', BigInt64Array.from(ids.keys(), BigInt), [ids.length]),
      })
      return answer[output]?.data ?? []
    },
  }
}

async function installed(): Promise<OnnxRuntime | undefined> {
  // A name that the compiler does not follow: the package need not be there.
  const name: string = 'onnxruntime-node'
  try {
    const { default: runtime }: { default: OnnxRuntime } = await import(name)
    return runtime
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

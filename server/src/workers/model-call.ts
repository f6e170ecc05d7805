import { type Clock, type Embedder, type Embedding, RepriseError } from 'reprise'

export type CallOutcome =
  | { readonly kind: 'embedded'; readonly embeddings: readonly Embedding[] }
  /** The model refuses at least one of these texts, for good. */
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'failed'; readonly error: string; readonly retryAfterMs: number }
  /** The worker is closing and called the model off. */
  | { readonly kind: 'called_off' }

export interface CallOptions {
  readonly embedder: Embedder
  readonly clock: Clock
  readonly limitMs: number
  /** Calls the model off. */
  readonly signal: AbortSignal
}

/** Asks the model and never throws. Past `limitMs` the call is given up, even where the model ignores its signal. */
export async function callModel(texts: readonly string[], options: CallOptions): Promise<CallOutcome> {
  const { embedder, clock, limitMs, signal } = options
  if (signal.aborted) return { kind: 'called_off' }
  const over = new AbortController()
  const either = AbortSignal.any([over.signal, signal])
  const asked = embedder.embed(texts, either).then(embeddings => outcomeOf(embeddings, texts.length), failureOf)
  const timeIsUp = clock.sleep(limitMs, either).then(() => {
    if (signal.aborted) return { kind: 'called_off' } as const
    return failed(`The embedding model did not answer within ${limitMs} ms.`)
  })
  const outcome = await Promise.race([asked, timeIsUp])
  over.abort()
  return signal.aborted && outcome.kind !== 'embedded' ? { kind: 'called_off' } : outcome
}

function outcomeOf(embeddings: readonly Embedding[], count: number): CallOutcome {
  if (embeddings.length !== count) return failed(`The embedder gave ${embeddings.length} vectors for ${count} texts.`)
  if (embeddings.some(({ vector }) => vector.length === 0)) return failed('The embedder gave an empty vector.')
  return { kind: 'embedded', embeddings }
}

function failureOf(error: unknown): CallOutcome {
  // Only a RepriseError is known to quote no text.
  if (!(error instanceof RepriseError)) return failed(`The embedder threw ${nameOf(error)} in place of a RepriseError.`)
  if (error.permanent) return { kind: 'refused', error: error.message }
  return failed(error.message, (error.retryAfterSeconds ?? 0) * 1000)
}

function failed(error: string, retryAfterMs = 0): CallOutcome {
  return { kind: 'failed', error, retryAfterMs }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : `a ${typeof error}`
}

import type { Clock } from '../../base/clock.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import { over } from '../tiers/patience.ts'

export type LoaderRun = { readonly loadMs: number } & (
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'failed' | 'timed_out' | 'cancelled'; readonly error: unknown }
)

/** Runs a loader until it settles, takes too long, or is cancelled; whatever comes later is nobody's. */
export async function runLoader(
  work: () => unknown,
  limitMs: number,
  cancelling: AbortController,
  clock: Clock,
): Promise<LoaderRun> {
  const startedAt = clock.monotonicMs()
  const { signal } = cancelling
  const ending = new AbortController()
  const { promise: stopped, resolve: stop } = Promise.withResolvers<'timed_out' | 'cancelled'>()
  const onAbort = () => stop('cancelled')
  signal.addEventListener('abort', onAbort)
  void clock.sleep(limitMs, ending.signal).then(() => stop('timed_out'))
  try {
    const running = attempt(work)
    running.catch(() => undefined)
    const first = await Promise.race([running.then(value => ({ value })), stopped])
    const loadMs = clock.monotonicMs() - startedAt
    if (typeof first === 'object') return { kind: 'value', value: first.value, loadMs }
    if (first === 'cancelled') return { kind: 'cancelled', error: signal.reason, loadMs }
    const message = `The loader took longer than loaderTimeout, ${limitMs} ms.`
    const error = new RepriseError('load_timeout', message, { field: 'loaderTimeout' })
    cancelling.abort(error)
    return { kind: 'timed_out', error, loadMs }
  } catch (error) {
    return { kind: 'failed', error, loadMs: clock.monotonicMs() - startedAt }
  } finally {
    ending.abort(over)
    signal.removeEventListener('abort', onAbort)
  }
}

/** A loader that throws at once is treated as one that rejects. */
async function attempt(work: () => unknown): Promise<unknown> {
  return work()
}

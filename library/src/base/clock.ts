/** Where the time comes from. Injected, so that tests advance time instead of waiting for it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Milliseconds, with fractions, since some moment of the past; never runs backwards. For durations. */
  monotonicMs(): number
  /** Resolves after `delayMs`, or at once when the signal is aborted. Does not keep the process alive. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (delayMs, signal) =>
    new Promise(resolve => {
      if (signal?.aborted) return resolve()
      const wake = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, delayMs)
      timer.unref()
      signal?.addEventListener('abort', wake)
    }),
}

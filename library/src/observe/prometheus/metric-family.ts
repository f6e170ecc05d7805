/** One family of metrics as `/metrics` shows it. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[]
  /** How a gauge of several processes becomes one; counters and histograms add up. */
  readonly together?: Together
}

/**
 * What a gauge is over several processes: the `sum`; the `least` or the `most` of them; the `same` for all, because they
 * look at one thing; or `anew`, computed from counters that were added up.
 */
export type Together = 'sum' | 'least' | 'most' | 'same' | 'anew'

/** Upper bounds for what takes microseconds to milliseconds, such as one operation of a cache or one statement. */
export const operationSeconds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
]

/** Upper bounds for what takes milliseconds to seconds, such as one request. */
export const requestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

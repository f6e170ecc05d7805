/** Bounds of the buckets rise by an eighth of a doubling: a percentile is off by less than ten percent. */
const stepsPerDoubling = 8
const smallestMs = 0.001
/** The last bucket begins past four minutes. */
const buckets = 28 * stepsPerDoubling

/** How long things took: a histogram, so that those of several processes can be added up. */
export class Latencies {
  readonly #counts = new Float64Array(buckets)

  add(durationMs: number): void {
    const bucket = bucketOf(durationMs)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
  }

  /** The count of each bucket. */
  counts(): readonly number[] {
    return [...this.#counts]
  }
}

export interface Percentiles {
  readonly count: number
  /** Milliseconds; undefined before anything was measured. */
  readonly p50: number | undefined
  readonly p95: number | undefined
  readonly p99: number | undefined
}

export function percentilesOf(counts: readonly number[]): Percentiles {
  const count = counts.reduce((sum, each) => sum + each, 0)
  const at = (share: number) => (count === 0 ? undefined : middleOf(bucketAt(counts, share * count)))
  return { count, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

export function addLatencies(one: readonly number[], other: readonly number[]): readonly number[] {
  return Array.from({ length: buckets }, (_, bucket) => (one[bucket] ?? 0) + (other[bucket] ?? 0))
}

function bucketOf(durationMs: number): number {
  if (!(durationMs > smallestMs)) return 0
  return Math.min(Math.floor(Math.log2(durationMs / smallestMs) * stepsPerDoubling), buckets - 1)
}

function bucketAt(counts: readonly number[], rank: number): number {
  let passed = 0
  for (const [bucket, count] of counts.entries()) {
    passed += count
    if (passed >= rank && count > 0) return bucket
  }
  return buckets - 1
}

/** To three digits: more would be made up. */
function middleOf(bucket: number): number {
  return Number((smallestMs * 2 ** ((bucket + 0.5) / stepsPerDoubling)).toPrecision(3))
}

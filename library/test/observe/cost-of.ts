const runs = 300
const callsPerRun = 2_000

/**
 * Nanoseconds that one call takes: the shortest of many runs that are each shorter than a turn of the scheduler, which is
 * what it costs when nothing else wants the processor.
 */
export function costOf(work: () => void): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now()
    for (let call = 0; call < callsPerRun; call += 1) work()
    shortest = Math.min(shortest, ((performance.now() - startedAt) / callsPerRun) * 1e6)
  }
  return shortest
}

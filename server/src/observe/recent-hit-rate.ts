const wholeMemory = 2_000
const realUse = 200

/** The hit rate of the last one or two thousand reads; undefined before there were two hundred. */
export function recentHitRate(): { add(result: string): void; readonly percent: number | undefined } {
  let hits = 0
  let reads = 0
  return {
    add: result => {
      if (result !== 'hit' && result !== 'miss') return
      reads += 1
      if (result === 'hit') hits += 1
      if (reads < wholeMemory) return
      // The past weighs half, so that the rate follows what happens now.
      hits /= 2
      reads /= 2
    },
    get percent() {
      return reads < realUse ? undefined : (hits / reads) * 100
    },
  }
}

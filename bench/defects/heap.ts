import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
// The flag gives `gc` to contexts made from now on.
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in use after the garbage is collected. */
export async function usedBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage()
    await new Promise(resolve => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

export const megabyte = 1024 * 1024

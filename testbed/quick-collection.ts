import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: (options?: { readonly type: 'minor' }) => void = runInNewContext('gc')

/**
 * How many bytes each call of some work leaves behind that the collector's quick rounds do not find.
 * @param work called with 0, 1, 2 …
 */
export async function bytesLeft(calls: number, work: (call: number) => unknown): Promise<number> {
  for (let call = -calls; call < 0; call += 1) await work(call)
  collect()
  const before = heapBytes()
  for (let call = 0; call < calls; call += 1) {
    await work(call)
    if (call % 100 === 0) collect({ type: 'minor' })
  }
  return (heapBytes() - before) / calls
}

function heapBytes(): number {
  // What is new is moved by the first, and found by the second.
  collect({ type: 'minor' })
  collect({ type: 'minor' })
  return process.memoryUsage().heapUsed
}

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { TransientMap } from '../../src/base/transient-map.ts'

setFlagsFromString('--expose-gc')
const collect: (options?: { readonly type: 'minor' }) => void = runInNewContext('gc')

describe('a map of what comes and goes', () => {
  it('is a map', () => {
    const map = new TransientMap<string, { readonly number: number }>()
    const one = { number: 1 }
    map.set('a', one)
    map.set('b', { number: 2 })
    map.set('b', { number: 3 })
    expect([map.size, map.get('a'), map.get('c')]).toEqual([2, one, undefined])
    expect([...map.values()]).toEqual([{ number: 1 }, { number: 3 }])
    map.delete('a')
    map.delete('c')
    expect([map.size, map.get('a'), ...map.values()]).toEqual([1, undefined, { number: 3 }])
  })

  it('lets go of what was removed without a full collection of garbage', () => {
    const map = new TransientMap<number, object>()
    const entries = 4_000
    const ofEach = 1_000
    collect()
    const before = heapBytes()
    for (let number = 0; number < entries; number += 1) {
      map.set(number, { held: new Array(ofEach / 8).fill(number + 0.5) })
      // A few are under way at any time.
      map.delete(number - 6)
      if (number % 100 === 0) collect({ type: 'minor' })
    }
    expect((heapBytes() - before) / entries).toBeLessThan(ofEach / 5)
  })
})

function heapBytes(): number {
  // What is reachable from the stack survives the first.
  collect({ type: 'minor' })
  collect({ type: 'minor' })
  return process.memoryUsage().heapUsed
}

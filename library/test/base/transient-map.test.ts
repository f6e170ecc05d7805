import { describe, expect, it } from 'vitest'
import { bytesLeft } from '../../../testbed/quick-collection.ts'
import { TransientMap } from '../../src/base/transient-map.ts'

const ofEach = 1_000

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

  it('lets go of what was removed without a full collection of garbage', async () => {
    const map = new TransientMap<number, object>()
    const left = await bytesLeft(4_000, call => {
      map.set(call, { held: new Array(ofEach / 8).fill(0.5) })
      // A few are under way at any time.
      map.delete(call - 6)
    })
    expect(left).toBeLessThan(ofEach / 5)
  })
})

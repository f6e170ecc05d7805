import fc from 'fast-check'
import { expect, test } from 'vitest'
import { vectorJson } from '../../src/base/vector/vector-json.ts'

test('decimals give the same float32 again, to the bit, whatever the number', () => {
  const small = fc.float({ min: -1, max: 1, noNaN: true })
  const any = fc.float({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(fc.array(fc.oneof(small, any), { maxLength: 50 }), numbers => {
      const vector = Float32Array.from(numbers)
      const read: number[] = JSON.parse(vectorJson(vector))
      expect(Buffer.from(Float32Array.from(read).buffer)).toEqual(Buffer.from(vector.buffer))
    }),
    { numRuns: 20_000 },
  )
})

test.each([
  [[0.1, 0.5, -0.25], '[0.1,0.5,-0.25]'],
  [[1, -1, 0, -0], '[1,-1,0,-0]'],
  [[0.99999994, 0.00001, 3.4e38], '[0.99999994,0.00001,3.4e+38]'],
  [[-1.2345679e20, 1e-45], '[-123456790000000000000,1.401298e-45]'],
  [[], '[]'],
])('%j is written short', (numbers, json) => {
  expect(vectorJson(Float32Array.from(numbers))).toBe(json)
})

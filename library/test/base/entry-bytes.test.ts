import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { readEntry, type WrittenEntry, writeEntry } from '../../src/base/codec/entry-bytes.ts'
import { keepValue, takeValue, takeValues } from '../../src/base/codec/kept-value.ts'

const times = {
  createdAt: 1_700_000_000_123,
  freshUntil: 1_700_000_060_123,
  staleUntil: 1_700_000_120_123,
  loadMs: 12.5,
}
const written = (value: unknown): WrittenEntry => ({
  ...times,
  kept: keepValue(value),
  tags: ['user:7', 'Städte'],
  marks: ['aaaa', 'bbbb', 'cccc'],
})

describe('an entry as bytes', () => {
  test('comes back as it was written', () => {
    for (const value of [undefined, 'Zürich', { id: 7, tags: ['a'] }, new Map([[1, 2n]]), 'long '.repeat(2_000)]) {
      const reading = readEntry(writeEntry(written(value), 1), 1)
      assert.equal(reading.kind, 'entry')
      const { kept, ...rest } = reading.kind === 'entry' ? reading.entry : written(undefined)
      assert.deepEqual(takeValue(kept), value)
      assert.deepEqual(rest, { ...times, tags: ['user:7', 'Städte'], marks: ['aaaa', 'bbbb', 'cccc'] })
    }
  })

  test('is unreadable once any bit of it was changed, or it was cut or grew', () => {
    const bytes = writeEntry(written({ id: 7 }), 1)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Uint8Array.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(readEntry(changed, 1).kind, 'unreadable', `bit ${bit}`)
    }
    for (let length = 0; length < bytes.length; length += 1)
      assert.equal(readEntry(bytes.subarray(0, length), 1).kind, 'unreadable', `${length} bytes`)
    assert.equal(readEntry(Buffer.concat([bytes, Buffer.alloc(1)]), 1).kind, 'unreadable')
  })

  test('of a batch each reader gets its own value, in order, whatever way it was written', () => {
    const values = Array.from({ length: 1_500 }, (_, index) =>
      index % 7 === 0
        ? undefined
        : index % 5 === 0
          ? new Date(index)
          : index % 11 === 0
            ? `${index} `.repeat(3_000)
            : { index },
    )
    const read = values.map(value => {
      const reading = readEntry(writeEntry({ ...written(value), tags: [], marks: ['m'] }, 1), 1)
      return reading.kind === 'entry' ? reading.entry.kept : undefined
    })
    const taken = takeValues(read)
    assert.deepEqual(taken, values)
    assert.notEqual(taken[1], takeValues(read)[1])
    assert.deepEqual(takeValues([undefined]), [undefined])
    assert.deepEqual(takeValues([]), [])
  })
})

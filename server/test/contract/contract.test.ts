import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const states = ['done', 'partly', 'not yet'] as const

interface ContractRow {
  readonly row: string
  readonly state: string
  /** The file and the beginning of a test's name in it. */
  readonly proofs: readonly { readonly file: string; readonly test: string }[]
}

const rows = readFileSync(join(root, 'docs/contract.md'), 'utf8')
  .split('\n')
  .filter(line => /^\| [A-G]\d? \|/.test(line))
  .map(rowOf)

function rowOf(line: string): ContractRow {
  const [, row = '', , state = '', proof = ''] = line.split('|').map(cell => cell.trim())
  const named = proof.split(' · ').flatMap(text => {
    const match = /^`([^`]+)`: (.+)$/.exec(text)
    return match === null ? [] : [{ file: match[1] ?? '', test: match[2] ?? '' }]
  })
  return { row, state, proofs: named }
}

/** The names that tests of a file begin with; a skipped test proves nothing. */
function testNames(file: string): readonly string[] {
  const source = readFileSync(join(root, file), 'utf8')
  const calls = source.matchAll(/\b(?:it|test|describe|describeWith|describeOnBoth)\([^'`\n]*['`]([^'`\n]+)['`]/g)
  return [...calls].map(([, name = '']) => name)
}

describe('docs/contract.md', () => {
  it('has a row for each number of the contract, each in a known state', () => {
    const numbers = { A: 7, B: 3, C: 9, D: 8, E: 4, F: 8 }
    const expected = Object.entries(numbers).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
    )
    expect(rows.map(({ row }) => row)).toEqual([...expected, 'G'])
    for (const { state } of rows) expect(states).toContain(state)
  })

  it.each(rows.filter(({ state }) => state !== 'not yet'))('names tests that exist for $row', ({ row, proofs }) => {
    expect(proofs.length).toBeGreaterThan(0)
    for (const { file, test } of proofs) {
      const found = testNames(file).find(name => name.startsWith(test))
      expect(found, `${file}: ${test}`).toBeDefined()
      expect(numbersOf(found ?? '')).toContain(row)
    }
  })
})

/** The rows that a test's name begins with. */
function numbersOf(name: string): readonly string[] {
  const [numbers = ''] = /^(?:(?:[A-F]\d|G) )+/.exec(name) ?? []
  return numbers.split(' ').filter(number => number !== '')
}

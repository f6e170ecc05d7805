import { loadPostgresParser, readStatement, type SqlDialect } from 'reprise/sql'
import { beforeAll, describe, expect, it } from 'vitest'
import { mysqlSample } from './mysql-sample.ts'
import { postgresSample } from './postgres-sample.ts'
import type { SampleStatement } from './sample-statement.ts'

function differences(sample: readonly SampleStatement[], dialect: SqlDialect) {
  return sample.flatMap(({ text, queryType, read, written }) => {
    const reading = readStatement(text, dialect)
    const seen = { queryType: reading.queryType, ...reading.tables, readable: reading.readable }
    const meant = { queryType, read, written, readable: true }
    return JSON.stringify(seen) === JSON.stringify(meant) ? [] : [{ text, seen, meant }]
  })
}

describe('readStatement', () => {
  it('reads all of the MySQL sample by its words', () => {
    expect(differences(mysqlSample, 'mysql')).toEqual([])
  })

  it('reads all of the PostgreSQL sample by its words, before the parser is there', () => {
    expect(differences(postgresSample, 'postgres')).toEqual([])
  })

  describe('with the parser of PostgreSQL', () => {
    beforeAll(loadPostgresParser)

    it('reads all of the PostgreSQL sample', () => {
      expect(differences(postgresSample, 'postgres')).toEqual([])
    })

    it.each([
      ['SELEC * FROM users', 'writes'],
      ['SELECT * FROM FROM users', 'reads'],
      ['SELECT * FRO users; DELETE FROM users', 'writes'],
      ["SELECT 'never ends", 'reads'],
    ])('says of %s that it cannot be read', (text, hidden) => {
      expect(readStatement(text, 'postgres')).toMatchObject({ readable: false, hidden })
    })

    it('knows what may touch more than it names', () => {
      for (const text of ['CALL f()', 'DO $$ BEGIN END $$', 'EXECUTE p', 'DROP SCHEMA s CASCADE']) {
        expect(readStatement(text, 'postgres').hidden, text).toBe('writes')
      }
      expect(readStatement('FETCH 1 FROM c', 'postgres').hidden).toBe('reads')
      expect(readStatement('SELECT audit.note(1), lower(x) FROM t', 'postgres').functions).toEqual([
        'audit.note',
        'lower',
      ])
    })
  })

  it('says of MySQL what cannot be read, and guesses its tables', () => {
    expect(readStatement('FROBNICATE users', 'mysql')).toMatchObject({ readable: false, hidden: 'writes' })
    expect(readStatement("SELECT 'never ends", 'mysql')).toMatchObject({ readable: false, hidden: 'reads' })
    expect(readStatement('SELECT (1', 'mysql')).toMatchObject({ readable: false, hidden: 'reads' })
    expect(readStatement('UPDATE a SET x = 1; FROBNICATE b', 'mysql')).toMatchObject({
      readable: false,
      hidden: 'writes',
      tables: { written: ['a'] },
    })
    expect(readStatement('', 'mysql')).toMatchObject({ readable: true, hidden: 'none', parts: [] })
  })

  it.each<[string, SqlDialect, object | undefined]>([
    ['BEGIN', 'postgres', { kind: 'begin' }],
    ['START TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'postgres', { kind: 'begin' }],
    ['END', 'postgres', { kind: 'commit' }],
    ['ABORT', 'postgres', { kind: 'rollback' }],
    ['SAVEPOINT a', 'postgres', { kind: 'savepoint', name: 'a' }],
    ['RELEASE a', 'postgres', { kind: 'release', name: 'a' }],
    ['ROLLBACK TO a', 'postgres', { kind: 'rollback_to', name: 'a' }],
    ['CREATE TABLE t (a int)', 'postgres', undefined],
    ['begin', 'mysql', { kind: 'begin' }],
    ['START TRANSACTION WITH CONSISTENT SNAPSHOT', 'mysql', { kind: 'begin' }],
    ['commit', 'mysql', { kind: 'commit' }],
    ['ROLLBACK WORK', 'mysql', { kind: 'rollback' }],
    ['ROLLBACK WORK TO SAVEPOINT `a`', 'mysql', { kind: 'rollback_to', name: 'a' }],
    ['SAVEPOINT a', 'mysql', { kind: 'savepoint', name: 'a' }],
    ['RELEASE SAVEPOINT a', 'mysql', { kind: 'release', name: 'a' }],
    ['SET autocommit = 0', 'mysql', { kind: 'autocommit', isOn: false }],
    ['SET SESSION autocommit=ON', 'mysql', { kind: 'autocommit', isOn: true }],
    ['SET @@autocommit = 1', 'mysql', { kind: 'autocommit', isOn: true }],
    ['TRUNCATE t', 'mysql', { kind: 'implicit_commit' }],
    ['ALTER TABLE t ADD b int', 'mysql', { kind: 'implicit_commit' }],
    ['CREATE TEMPORARY TABLE t (a int)', 'mysql', undefined],
    ['SELECT 1', 'mysql', undefined],
  ])('reads the transaction control of %s', (text, dialect, control) => {
    expect(readStatement(text, dialect).control).toEqual(control)
  })

  it('tells the statements of a text apart', () => {
    const { parts, control, queryType } = readStatement('BEGIN; UPDATE a SET x = 1; COMMIT', 'mysql')
    expect(parts.map(part => part.control?.kind)).toEqual(['begin', undefined, 'commit'])
    expect([control, queryType]).toEqual([{ kind: 'begin' }, 'UPDATE'])
  })

  it('knows what locks rows', () => {
    for (const [text, dialect] of [
      ['SELECT * FROM t FOR UPDATE', 'postgres'],
      ['SELECT * FROM t LOCK IN SHARE MODE', 'mysql'],
      ['SELECT * FROM t FOR SHARE', 'mysql'],
    ] as const) {
      expect(readStatement(text, dialect).locks, text).toBe(true)
    }
    expect(readStatement('SELECT * FROM t FOR SYSTEM_TIME ALL', 'mysql').locks).toBe(false)
  })

  it('reads a statement once, and a long one in time that grows with its length alone', () => {
    const text = 'SELECT * FROM users WHERE id = ?'
    expect(readStatement(text, 'mysql')).toBe(readStatement(text, 'mysql'))
    const rows = Array.from({ length: 20_000 }, (_, index) => `(${index}, 'it''s \\' ${'x'.repeat(40)}')`)
    const reading = readStatement(`INSERT INTO bulk VALUES ${rows.join(', ')}`, 'mysql')
    expect(reading.tables.written).toEqual(['bulk'])
  })
})

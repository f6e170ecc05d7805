import type { SqlDialect, TransactionControl } from './statement.ts'
import { isName } from './table-scan.ts'
import type { Item } from './token-tree.ts'

const endsTransaction = new Set(['CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'RENAME', 'GRANT', 'REVOKE', 'LOCK', 'ANALYZE'])

/** What the statement that begins at a place does to its transaction, by its words. */
export function controlOf(items: readonly Item[], at: number, dialect: SqlDialect): TransactionControl | undefined {
  const words = items.slice(at, at + 5).map(({ word }) => word)
  const [head, second, third] = words
  const named = (place: number) => {
    const item = items[at + place]
    return isName(item) ? item.text.toLowerCase() : ''
  }
  const afterWork = second === 'WORK' || second === 'TRANSACTION' ? 2 : 1
  switch (head) {
    case 'BEGIN':
      return second === 'NOT' ? undefined : { kind: 'begin' }
    case 'START':
      return second === 'TRANSACTION' ? { kind: 'begin' } : undefined
    case 'END':
    case 'COMMIT':
      return { kind: 'commit' }
    case 'ABORT':
    case 'ROLLBACK':
      if (words[afterWork] !== 'TO') return { kind: 'rollback' }
      return { kind: 'rollback_to', name: named(afterWork + (words[afterWork + 1] === 'SAVEPOINT' ? 2 : 1)) }
    case 'SAVEPOINT':
      return { kind: 'savepoint', name: named(1) }
    case 'RELEASE':
      return { kind: 'release', name: named(second === 'SAVEPOINT' ? 2 : 1) }
    case 'XA':
      if (second === 'START' || second === 'BEGIN') return { kind: 'begin' }
      if (second === 'COMMIT') return { kind: 'commit' }
      return second === 'ROLLBACK' ? { kind: 'rollback' } : undefined
    case 'SET': {
      const isOwn = second === 'AUTOCOMMIT' || second === '@@AUTOCOMMIT' || third === 'AUTOCOMMIT'
      if (!isOwn || dialect !== 'mysql') return undefined
      const value = items.slice(at).findLast(isName) ?? items.at(-1)
      const last = items.at(-1)
      const text = last?.kind === 'number' ? last.text : (value?.word ?? '')
      return { kind: 'autocommit', isOn: text === '1' || text === 'ON' || text === 'TRUE' }
    }
    default:
      if (dialect !== 'mysql' || !endsTransaction.has(head ?? '')) return undefined
      return second === 'TEMPORARY' || (head === 'ANALYZE' && second !== 'TABLE')
        ? undefined
        : { kind: 'implicit_commit' }
  }
}

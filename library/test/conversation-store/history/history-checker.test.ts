import { type AppendOperation, checkHistory, type HistoryOperation, type ReadOperation } from 'reprise/testing'
import { describe, expect, it } from 'vitest'

type Span = readonly [startedAtMs: number, endedAtMs: number]

function append(
  value: string,
  [startedAtMs, endedAtMs]: Span,
  place: number | string,
  more: Partial<AppendOperation> = {},
): AppendOperation {
  const [conversationId = 'c', sequence] = typeof place === 'number' ? ['c', place] : place.split('/')
  return {
    kind: 'append',
    owner: 'guest',
    value,
    startedAtMs,
    endedAtMs,
    outcome: { kind: 'acknowledged', conversationId, sequence: Number(sequence) },
    ...more,
  }
}

function read(text: string, [startedAtMs, endedAtMs]: Span, more: Partial<ReadOperation> = {}): ReadOperation {
  const values = text === '' ? [] : text.split('')
  const outcome = { kind: 'messages', values, stale: false } as const
  return { kind: 'read', owner: 'guest', startedAtMs, endedAtMs, outcome, ...more }
}

function erase(
  [startedAtMs, endedAtMs]: Span,
  outcome: 'acknowledged' | 'unknown' | 'refused' = 'acknowledged',
): HistoryOperation {
  return { kind: 'erase', owner: 'guest', startedAtMs, endedAtMs, outcome }
}

function migrate(
  user: string,
  [startedAtMs, endedAtMs]: Span,
  outcome: 'completed' | 'refused' | 'unknown' = 'completed',
): HistoryOperation {
  return { kind: 'migrate', guest: 'guest', user, startedAtMs, endedAtMs, outcome }
}

const unknown = { outcome: { kind: 'unknown' } } as const
const refused = { outcome: { kind: 'refused' } } as const
const migrated = { outcome: { kind: 'migrated' } } as const
const byUser = { owner: 'user', conversationId: 'c' } as const
const stale = (values: string[]) => ({ outcome: { kind: 'messages', values, stale: true } }) as const

const kinds = (operations: readonly HistoryOperation[]) => [
  ...new Set(checkHistory(operations).map(({ kind }) => kind)),
]

describe('a good history has no violation', () => {
  const good: Record<string, readonly HistoryOperation[]> = {
    'one after another': [append('a', [1, 2], 0), read('a', [3, 4]), append('b', [5, 6], 1), read('ab', [7, 8])],
    'concurrent appends in either order': [append('a', [1, 5], 1), append('b', [2, 4], 0), read('ba', [6, 7])],
    'a concurrent read that has it, or not': [
      append('a', [1, 5], 0),
      read('', [2, 3]),
      read('a', [3, 4]),
      read('a', [6, 7]),
    ],
    'an unknown append that happened': [append('a', [1, 2], 0, unknown), append('b', [3, 4], 1), read('ab', [5, 6])],
    'an unknown append that did not happen': [
      append('a', [1, 2], 0, unknown),
      append('b', [3, 4], 0),
      read('b', [5, 6]),
    ],
    'an unknown append that happened much later': [
      append('a', [1, 2], 0, unknown),
      append('b', [3, 4], 0),
      read('b', [5, 6]),
      read('ba', [7, 8]),
    ],
    'an unknown append alone in a read': [append('a', [1, 2], 0, unknown), read('', [3, 4]), read('a', [5, 6])],
    'a refused append': [append('a', [1, 2], 0, refused), read('', [3, 4])],
    'a replay at its place': [
      append('a', [1, 2], 0, { idempotencyKey: 'k' }),
      append('a', [3, 4], 0, { idempotencyKey: 'k' }),
      read('a', [5, 6]),
    ],
    'an unknown append that a retry finds stored': [
      append('a', [1, 2], 0, { ...unknown, idempotencyKey: 'k' }),
      append('b', [3, 4], 1),
      append('a', [5, 6], 0, { idempotencyKey: 'k' }),
      read('ab', [7, 8]),
    ],
    'a stale read': [
      append('a', [1, 2], 0),
      append('b', [3, 4], 1),
      read('', [5, 6], stale(['a'])),
      read('ab', [7, 8]),
    ],
    'an erase, then a new conversation': [
      append('a', [1, 2], 0),
      erase([3, 4]),
      read('', [5, 6]),
      append('b', [7, 8], 'd/0'),
      read('b', [9, 10]),
    ],
    'an append that an erase overtakes': [append('a', [1, 6], 0), erase([2, 4]), read('a', [7, 8])],
    'an erase that overtakes an append': [append('a', [1, 3], 0), erase([2, 6]), read('', [4, 5]), read('', [7, 8])],
    'an erase of unknown outcome, late': [
      append('a', [1, 2], 0),
      erase([3, 4], 'unknown'),
      read('a', [5, 6]),
      read('', [7, 8]),
    ],
    'a key that two clients send around an erase': [
      append('x', [1, 2], 0),
      append('a', [3, 9], 1, { idempotencyKey: 'k' }),
      append('a', [3, 9], 'd/0', { idempotencyKey: 'k' }),
      read('xa', [5, 6]),
      erase([4, 8]),
      read('a', [10, 11]),
      append('b', [12, 13], 'd/1'),
      read('ab', [14, 15]),
    ],
    'an erase by a user who reads twice afterwards': [
      append('a', [1, 2], 0, { owner: 'user' }),
      { kind: 'erase', owner: 'user', conversationId: 'c', startedAtMs: 3, endedAtMs: 4, outcome: 'acknowledged' },
      read('', [5, 6], byUser),
      read('', [7, 8], byUser),
    ],
    'an erase as the end': [append('a', [1, 2], 0), erase([3, 4])],
    'a key that is used again after an erase': [
      append('a', [1, 2], 0, { idempotencyKey: 'k' }),
      erase([3, 4]),
      append('a', [5, 6], 'd/0', { idempotencyKey: 'k' }),
      read('a', [7, 8]),
    ],
    'a migration': [
      append('a', [1, 2], 0),
      migrate('user', [3, 4]),
      append('b', [5, 6], 0, migrated),
      read('', [5, 6], migrated),
      append('c', [7, 8], 1, { owner: 'user' }),
      read('ac', [9, 10], byUser),
    ],
    'an append that a migration overtakes': [
      append('a', [1, 6], 0),
      migrate('user', [2, 4]),
      read('a', [7, 8], byUser),
    ],
    'a migration of unknown outcome that happened': [
      append('a', [1, 2], 0),
      migrate('user', [3, 4], 'unknown'),
      read('', [5, 6], migrated),
      read('a', [7, 8], byUser),
    ],
    'a migration refused to another user': [
      append('a', [1, 2], 0),
      migrate('user', [3, 4]),
      migrate('other', [5, 6], 'refused'),
      read('a', [7, 8], byUser),
    ],
    'two guests': [
      append('a', [1, 2], 0),
      append('b', [1, 2], 'd/0', { owner: 'other' }),
      read('a', [3, 4]),
      read('b', [3, 4], { owner: 'other' }),
    ],
  }
  it.each(Object.entries(good))('%s', (_name, operations) => {
    expect(checkHistory(operations)).toEqual([])
  })
})

describe('a bad history is named', () => {
  const bad: readonly (readonly [string, string, readonly HistoryOperation[]])[] = [
    ['lost', 'an acknowledged message is not read', [append('a', [1, 2], 0), read('', [3, 4])]],
    ['lost', 'the last of several is not read', [append('a', [1, 2], 0), append('b', [3, 4], 1), read('a', [5, 6])]],
    ['lost', 'what was read is gone', [append('a', [1, 2], 0, unknown), read('a', [3, 4]), read('', [5, 6])]],
    ['lost', 'a refused erase removed it', [append('a', [1, 2], 0), erase([3, 4], 'refused'), read('', [5, 6])]],
    ['lost', 'it was sent after the erase had ended', [erase([1, 2]), append('a', [3, 4], 0), read('', [5, 6])]],
    [
      'lost',
      'a migration left it behind',
      [append('a', [1, 2], 0), append('b', [1, 2], 1), migrate('user', [3, 4]), read('a', [5, 6], byUser)],
    ],
    ['stale_read', 'a read lacks it for a while', [append('a', [1, 2], 0), read('', [3, 4]), read('a', [5, 6])]],
    ['stale_read', 'reads go back', [append('a', [1, 9], 0), read('a', [2, 3]), read('', [4, 5]), read('a', [10, 11])]],
    ['unread', 'nothing is read afterwards', [read('', [1, 2]), append('a', [3, 4], 0)]],
    [
      'unread',
      'the last message is not read afterwards',
      [append('a', [1, 2], 0), read('a', [3, 4]), append('b', [5, 6], 1)],
    ],
    ['doubled', 'a read holds it twice', [append('a', [1, 2], 0), read('aa', [3, 4])]],
    ['doubled', 'two were given one place', [append('a', [1, 2], 0), append('b', [1, 2], 0), read('ab', [3, 4])]],
    ['gap', 'a number was left out', [append('a', [1, 2], 0), append('b', [3, 4], 2), erase([5, 6])]],
    ['gap', 'it did not begin at 0', [append('a', [1, 2], 1), erase([3, 4])]],
    ['misplaced', 'it is read elsewhere', [append('a', [1, 4], 0), append('b', [2, 3], 1), read('ba', [5, 6])]],
    [
      'not_a_prefix',
      'two reads differ',
      [
        append('a', [1, 2], 0, unknown),
        append('b', [1, 2], 0, unknown),
        append('d', [3, 4], 2),
        read('abd', [5, 6]),
        read('bad', [5, 6]),
      ],
    ],
    [
      'not_a_prefix',
      'something slipped in before',
      [
        append('a', [1, 9], 1),
        append('b', [1, 3], 0),
        read('b', [4, 5]),
        append('d', [1, 9], 0, unknown),
        read('dba', [10, 11]),
      ],
    ],
    [
      'out_of_order',
      'the later one stands before',
      [append('a', [1, 2], 1), append('b', [3, 4], 0), read('ba', [5, 6])],
    ],
    [
      'out_of_order',
      'an unknown one slipped in before',
      [append('a', [1, 2], 1), append('b', [3, 4], 0, unknown), read('ba', [5, 6])],
    ],
    ['never_stored', 'nobody sent it', [append('a', [1, 2], 0), read('ax', [3, 4])]],
    ['never_stored', 'it was refused', [append('a', [1, 2], 0, refused), read('a', [3, 4])]],
    ['never_stored', 'it was sent later', [read('a', [1, 2]), append('a', [3, 4], 0), read('a', [5, 6])]],
    [
      'foreign',
      'another guest said it',
      [append('a', [1, 2], 0, { owner: 'other' }), read('a', [3, 4]), read('a', [3, 4], { owner: 'other' })],
    ],
    [
      'foreign',
      'a user reads a guest that is not theirs',
      [
        append('a', [1, 2], 0),
        migrate('user', [3, 4]),
        read('a', [5, 6], { ...byUser, owner: 'thief' }),
        read('a', [5, 6], byUser),
      ],
    ],
    [
      'replay_moved',
      'a retry got another place',
      [
        append('a', [1, 2], 0, { idempotencyKey: 'k' }),
        append('a', [3, 4], 1, { idempotencyKey: 'k' }),
        read('a', [5, 6]),
      ],
    ],
    ['revived', 'an erased conversation is read', [append('a', [1, 2], 0), erase([3, 4]), read('a', [5, 6])]],
    ['revived', 'a late copy of it is read', [append('a', [1, 2], 0), erase([3, 4]), read('', [5, 6], stale(['a']))]],
    ['revived', 'an erased conversation is written', [append('a', [1, 2], 0), erase([3, 4]), append('b', [5, 6], 1)]],
    [
      'two_owners',
      'two users got it',
      [append('a', [1, 2], 0), migrate('user', [3, 4]), migrate('other', [3, 4]), read('a', [5, 6], byUser)],
    ],
    [
      'used_after_migration',
      'the guest writes on',
      [append('a', [1, 2], 0), migrate('user', [3, 4]), append('b', [5, 6], 1), read('ab', [7, 8], byUser)],
    ],
    [
      'used_after_migration',
      'the guest reads on',
      [append('a', [1, 2], 0), migrate('user', [3, 4]), read('a', [5, 6]), read('a', [7, 8], byUser)],
    ],
    ['never_migrated', 'the guest is refused without a reason', [append('a', [1, 2], 0, migrated)]],
    [
      'never_migrated',
      'the guest is refused after a refused migration',
      [append('a', [1, 2], 0), read('a', [3, 4]), migrate('user', [5, 6], 'refused'), read('', [7, 8], migrated)],
    ],
  ]
  it.each(bad)('%s: %s', (kind, _name, operations) => {
    expect(kinds(operations)).toContain(kind)
  })

  it('with the operations that show it', () => {
    const [sent, missing] = [append('a', [1, 2], 0), read('', [3, 4])]
    expect(checkHistory([sent, missing])).toEqual([
      { kind: 'lost', sentence: expect.stringContaining('Number 0 of conversation c'), operations: [sent, missing] },
    ])
  })

  it('and a log that tells nothing is refused', () => {
    expect(() => checkHistory([append('a', [1, 2], 0), append('a', [3, 4], 1)])).toThrow(
      'more than once without one idempotency key',
    )
  })

  it('in a log of 20,000 operations within seconds', () => {
    const operations: HistoryOperation[] = []
    for (let index = 0; index < 10_000; index += 1) {
      const owner = `guest-${index % 100}`
      const sequence = Math.floor(index / 100)
      const values = Array.from({ length: sequence + 1 }, (_, position) => `${owner}/${position}`)
      const outcome = { kind: 'messages', values, stale: false } as const
      const startedAtMs = index * 4
      operations.push(append(`${owner}/${sequence}`, [startedAtMs, startedAtMs + 1], `${owner}/${sequence}`, { owner }))
      operations.push({ kind: 'read', owner, startedAtMs: startedAtMs + 2, endedAtMs: startedAtMs + 3, outcome })
    }
    const startedAt = performance.now()
    expect(checkHistory(operations)).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })
})

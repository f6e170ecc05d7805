import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  Announcer,
  type Clock,
  createCache,
  type HourlyMetricsEvents,
  newMessageId,
  RepriseError,
  systemClock,
} from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import { logCache } from 'reprise/log'
import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/observe/log.ts'
import { logEvents } from '../../src/observe/log-events.ts'
import type { EmbeddingEvents } from '../../src/workers/embedding-events.ts'

type Line = Readonly<Record<string, unknown>>

/** A clock whose sleepers wake when told to. */
function wakingClock(): Clock & { wakeAll(): Promise<void> } {
  const sleepers: (() => void)[] = []
  return {
    ...systemClock,
    sleep: () => new Promise(resolve => sleepers.push(resolve)),
    wakeAll: async () => {
      for (const wake of sleepers.splice(0)) wake()
      await nextTurn()
    },
  }
}

function logged(level = 'debug') {
  const lines: Line[] = []
  const log = createLog({ level, destination: { write: text => lines.push(JSON.parse(text)) } })
  const conversations = new Announcer<ConversationEvents>()
  const hourlyMetrics = new Announcer<HourlyMetricsEvents>()
  const embeddings = new Announcer<EmbeddingEvents>()
  const clock = wakingClock()
  logEvents({ log, conversations, hourlyMetrics, embeddings, clock, ownerKey: Buffer.from('a key of the test') })
  return { lines, log, conversations, hourlyMetrics, embeddings, clock }
}

const saved: ConversationEvents['message_saved'] = {
  owner: 'guest-of-the-secret-name',
  guest: true,
  place: { messageId: newMessageId(1), conversationId: newMessageId(2) as never, sequence: 4 },
  replayed: false,
  copy: 'appended',
  storedIn: ['redis', 'postgresql'],
  embeddingQueued: true,
  storeMs: 2,
  totalMs: 3,
}
const failure: EmbeddingEvents['embedding_failed'] = {
  messageId: newMessageId(1),
  attempts: 2,
  permanent: false,
  error: 'the model answered 503',
}

describe('the log', () => {
  test('E4 a failed loader of a cache leaves the name and the code of its error, and none of its words', async () => {
    const { lines, log } = logged()
    const cache = createCache({ name: 'ai' })
    logCache(cache, log)
    const broken = Object.assign(new TypeError('private words'), { code: 'ECONNRESET' })
    await cache.getOrSet('k', () => Promise.reject(broken)).catch(() => undefined)
    const failed = lines.find(({ msg }) => msg === 'a loader of the cache failed')
    expect(failed).toMatchObject({ level: 'warn', cache: 'ai', error: 'TypeError', code: 'ECONNRESET' })
    await cache.close()
    log.error({ error: 'private words' }, 'a text is no error')
    expect(JSON.stringify(lines)).not.toContain('private')
  })

  test('A6 a saved message leaves one debug line for each step: Redis, PostgreSQL, embedding, usage, mapping', () => {
    const { lines, conversations } = logged()
    conversations.announce('message_saved', saved)
    expect(lines.map(line => [line['level'], line['step'], line['result']])).toEqual([
      ['debug', 'postgresql', 'stored'],
      ['debug', 'redis', 'appended'],
      ['debug', 'embedding', 'queued'],
      ['debug', 'usage', 'counted'],
      ['debug', 'mapping', 'written'],
    ])
    for (const line of lines) expect(line).toMatchObject({ sequence: 4, message_id: saved.place.messageId })
  })

  test('A6 at info level a saved message leaves no line', () => {
    const { lines, conversations } = logged('info')
    conversations.announce('message_saved', saved)
    expect(lines).toEqual([])
  })

  test('A6 every embedding failure is a line of its own at error level', () => {
    const { lines, embeddings } = logged('info')
    for (let count = 0; count < 100; count += 1) embeddings.announce('embedding_failed', failure)
    embeddings.announce('embedding_buried', failure)
    expect(lines.length).toBe(101)
    for (const line of lines) expect(line).toMatchObject({ level: 'error', reason: 'the model answered 503' })
  })

  test('E4 cache operations are debug lines', () => {
    const { lines, conversations } = logged()
    conversations.announce('copy_operation', { operation: 'get', result: 'hit', durationMs: 0.4 })
    expect(lines).toMatchObject([{ level: 'debug', operation: 'get', result: 'hit', duration_ms: 0.4 }])
  })

  test('a storm of one failure leaves a few lines and the number of those left out', async () => {
    const { lines, conversations, clock } = logged('info')
    const error = new RepriseError('copy_unavailable', 'Redis cannot be reached.')
    const storm = () => {
      for (let count = 0; count < 1000; count += 1)
        conversations.announce('side_task_failed', { task: 'copy_append', owner: 'web-1', error })
    }
    storm()
    conversations.announce('side_task_failed', { task: 'mapping', owner: undefined, error: new Error('x') })
    expect(lines.length).toBe(6)
    await clock.wakeAll()
    expect(lines[6]).toMatchObject({ level: 'warn', kind: 'copy_append copy_unavailable', left_out: 995 })
    storm()
    expect(lines.length).toBe(12)
  })

  test('no owner is named; the same owner has the same mark', () => {
    const { lines, conversations } = logged()
    conversations.announce('message_saved', saved)
    conversations.announce('erased', { owner: saved.owner, rows: { message_cache: 3 }, copyPending: false })
    conversations.announce('erased', { owner: 'another', rows: {}, copyPending: false })
    expect(JSON.stringify(lines)).not.toContain('secret-name')
    const marks = lines.map(line => line['owner'])
    expect(new Set(marks).size).toBe(2)
    expect(marks[0]).toMatch(/^[0-9a-f]{12}$/)
  })

  test('what a database error carries besides its code stays out', () => {
    const { lines, log } = logged()
    const error = Object.assign(new Error('invalid input syntax for type json: "my secret "words" here'), {
      code: '22P02',
      detail: 'Token "secret" is invalid.',
      query: "INSERT INTO message_cache VALUES ('my secret words')",
      params: ['my secret words'],
      where: 'JSON data, line 1: secret',
    })
    log.error({ err: new RepriseError('internal_error', 'A statement failed.', { cause: error }) }, 'failed')
    expect(JSON.stringify(lines)).not.toContain('secret')
    expect(lines[0]).toMatchObject({ err: { code: 'internal_error', cause: { sql_state: '22P02' } } })
  })

  test('a constraint keeps its name, a defect the place where it was thrown', () => {
    const { lines, log } = logged()
    const refused = Object.assign(new Error('duplicate key value violates unique constraint "one_per_guest"'), {
      sqlState: '23505',
    })
    log.error({ err: refused }, 'failed')
    log.error({ error: new TypeError('x is not a function') }, 'failed')
    log.error({ err: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }) }, 'failed')
    expect(lines[0]).toMatchObject({ err: { sql_state: '23505', message: expect.stringContaining('one_per_guest') } })
    expect(lines[1]).toMatchObject({
      error: { frames: expect.arrayContaining([expect.stringContaining('log.test.ts')]) },
    })
    expect(lines[2]).not.toHaveProperty('err.frames')
  })

  test('quoted content, passwords in URLs, long messages and things that are no errors stay out', () => {
    const { lines, log } = logged()
    const parsing = (() => {
      try {
        return JSON.parse('{"content": my "secret" words}')
      } catch (error) {
        return error
      }
    })()
    log.warn({ err: parsing }, 'failed')
    log.warn({ err: new Error('connect redis://reprise:secret@cache.example.com failed') }, 'failed')
    log.warn({ err: new Error('x'.repeat(10_000)) }, 'failed')
    log.warn({ err: { content: 'secret' } }, 'failed')
    log.warn({ err: 'secret' }, 'failed')
    expect(JSON.stringify(lines)).not.toContain('secret')
    expect(JSON.stringify(lines).length).toBeLessThan(6_000)
  })
})

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { storesWith, withoutCaches } from '../../../testbed/servers/reprise.ts'
import { expectProblem, jsonOf, post } from '../http/exchange.ts'
import { contentsOf, erase, historyOf, migrateTo, type Saved, say, untilCopied } from './chat.ts'
import { describeOnBothStores, type Tables } from './deployment.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const talk = [
  { role: 'system', content: 'Be brief.', timestamp: '2026-01-31T12:00:00.000Z' },
  { role: 'user', content: 'Grüße, “Ünïcode” 🙂 \\ \n "quoted"', timestamp: '2026-01-31T12:00:02.000Z' },
  // Its time is before the others': data, never the order.
  { role: 'tool', content: '{"answer":42}', timestamp: '2020-02-29T23:59:59.999Z' },
  { role: 'assistant', content: 'x'.repeat(5_000), timestamp: '2026-01-31T12:00:03.000Z' },
]

describeOnBothStores('the contract of guest chat', { EMBEDDER: 'hash' }, on => {
  const saved: Saved[] = []

  it('A1 a message is answered with its place and where it is stored', async () => {
    const { url, copyName } = on()
    for (const [sequence, message] of talk.entries()) {
      const response = await post(`${url}/v1/guest/chat/talker`, message)
      expect(response.status).toBe(200)
      const answer = await jsonOf<Saved>(response)
      expect(answer).toMatchObject({
        status: 'saved',
        guest_id: 'talker',
        message_id: expect.stringMatching(uuid),
        conversation_id: expect.stringMatching(uuid),
        stored_in: expect.toBeOneOf([storesWith(copyName), ['postgresql']]),
        sequence,
      })
      saved.push(answer)
    }
    // An answer waits for the copy, but not for long.
    expect(saved.map(answer => answer.stored_in)).toContainEqual(storesWith(copyName))
    expect(new Set(saved.map(answer => answer.conversation_id)).size).toBe(1)
    expect(new Set(saved.map(answer => answer.message_id)).size).toBe(talk.length)
  })

  it('A1 without a timestamp the server’s clock is used', async () => {
    const { url } = on()
    const before = Date.now()
    await say(url, 'timeless', 'When?')
    const [message] = await historyOf(url, 'timeless')
    expect(message?.timestamp).toMatch(instant)
    expect(Date.parse(message?.timestamp ?? '')).toBeGreaterThanOrEqual(before)
    expect(Date.parse(message?.timestamp ?? '')).toBeLessThanOrEqual(Date.now())
  })

  it('A2 the history is a plain array in order, whole and unchanged', async () => {
    const { url } = on()
    const response = await fetch(`${url}/v1/guest/chat/talker`)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.json()).toEqual(talk)
  })

  it('A2 an unknown guest has nothing', async () => {
    expect(await historyOf(on().url, 'nobody')).toEqual([])
  })

  it('A3 erasing answers from where it deleted, and the guest may begin anew', async () => {
    const { url, copyName } = on()
    await say(url, 'eraser-begins-anew', 'unheard-of words 1')
    await say(url, 'eraser-begins-anew', 'unheard-of words 2')
    await say(url, 'eraser-for-good', 'unheard-of words 3')
    await untilCopied(url, 'eraser-begins-anew')
    expect(await erase(url, 'eraser-begins-anew')).toMatchObject({
      deleted_from: storesWith(copyName),
      pending: [],
      rows: { conversation_cache: 1, message_cache: 2, cache_content_mapping: 2 },
      copy_keys: withoutCaches ? 0 : 1,
    })
    await erase(url, 'eraser-for-good')
    expect(await historyOf(url, 'eraser-begins-anew')).toEqual([])
    expect((await say(url, 'eraser-begins-anew', 'A new beginning')).sequence).toBe(0)
    expect(await contentsOf(url, 'eraser-begins-anew')).toEqual(['A new beginning'])
  })

  it('A4 a guest becomes the user that the body names, and is gone', async () => {
    const { url } = on()
    const { conversation_id } = await say(url, 'test-migration-guest', 'I shall be a user.')
    const response = await migrateTo(url, 'test-migration-guest', 'user-1')
    expect(response.status).toBe(200)
    const receipt = await jsonOf(response)
    expect(receipt).toMatchObject({
      user_id: 'user-1',
      conversations_migrated: 1,
      messages_migrated: 1,
      repeated: false,
    })
    expect(await jsonOf(migrateTo(url, 'test-migration-guest', 'user-1'))).toEqual({
      ...Object(receipt),
      repeated: true,
    })
    await expectProblem(await migrateTo(url, 'test-migration-guest', 'user-2'), 409, 'migration_conflict', 'guest_id')

    const path = `${url}/v1/guest/chat/test-migration-guest`
    await expectProblem(await post(path, { role: 'user', content: 'Still me?' }), 410, 'guest_migrated', 'guest_id')
    await expectProblem(await fetch(path), 410, 'guest_migrated', 'guest_id')
    const messages = `${url}/v1/users/me/conversations/${conversation_id}/messages`
    expect(await jsonOf(fetch(`${messages}?user_id=user-1`))).toMatchObject([{ content: 'I shall be a user.' }])
    expect((await fetch(`${messages}?user_id=user-2`)).status).toBe(404)
  })

  it('A5 guests with names alike are strangers', async () => {
    const { url } = on()
    const names = ['alike', 'Alike', 'alike-', 'alike.', 'alike:1', 'alike_1']
    await Promise.all(names.map(name => say(url, name, `I am ${name}`)))
    for (const name of names) expect(await contentsOf(url, name)).toEqual([`I am ${name}`])
  })

  it('C2 many who write at once leave no gap and no double', async () => {
    const { url } = on()
    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => say(url, 'crowd', `voice ${index}`)))
    expect(answers.map(answer => answer.sequence).sort((one, other) => one - other)).toEqual([...answers.keys()])
    const read = await contentsOf(url, 'crowd')
    answers.forEach((answer, index) => {
      expect(read[answer.sequence]).toBe(`voice ${index}`)
    })
  })

  it('A2 all of it is there after a restart', async () => {
    const isEmbedded = async () =>
      expect(await on().server.metric('reprise_embeddings_total', 'result="stored"')).toBeGreaterThanOrEqual(73)
    await vi.waitFor(isEmbedded, { timeout: 15_000, interval: 100 })
    await on().restart()
    expect(await historyOf(on().url, 'talker')).toEqual(talk)
    expect(await contentsOf(on().url, 'crowd')).toHaveLength(60)
  })

  describe('in the tables', () => {
    let tables: Tables
    const rowsOf = (table: string, column: string, value: unknown) =>
      (tables[table] ?? []).filter(row => row[column] === value)
    beforeAll(async () => {
      tables = await on().tablesAfterStop()
    })
    afterAll(() => on().restart())

    it('A3 C1 C2 C4 C8 of an erased guest no content is left anywhere, only the name, an epoch, a counter and the copy’s removal', () => {
      expect(JSON.stringify(tables)).not.toContain('unheard-of')
      expect(rowsOf('reprise_guest', 'guest_id', 'eraser-for-good')).toMatchObject([
        { conversation_id: null, migrated_to: null },
      ])
      expect(rowsOf('usage_metrics', 'user_id', 'eraser-for-good')).toMatchObject([{ total_requests: 1 }])
      const naming = Object.entries(tables).filter(([, rows]) => JSON.stringify(rows).includes('eraser-for-good'))
      expect(naming.map(([table]) => table)).toEqual(['reprise_copy_deletion', 'reprise_guest', 'usage_metrics'])
    })

    it('C1 each guest has a conversation, a migrated one is the user’s', () => {
      const id = saved[0]?.conversation_id
      expect(rowsOf('conversation_cache', 'user_id', 'talker')).toMatchObject([
        { id, platform: 'guest', message_count: talk.length },
      ])
      expect(rowsOf('conversation_cache', 'user_id', 'test-migration-guest')).toEqual([])
      expect(rowsOf('conversation_cache', 'user_id', 'user-1')).toMatchObject([{ platform: 'user', message_count: 1 }])
    })

    it('C2 messages are numbered from 0 and carry what was said', () => {
      const rows = rowsOf('message_cache', 'conversation_id', saved[0]?.conversation_id)
      rows.sort((one, other) => Number(one['sequence']) - Number(other['sequence']))
      expect(rows).toMatchObject(
        talk.map(({ role, content }, sequence) => ({
          id: saved[sequence]?.message_id,
          sequence,
          role,
          content,
          message_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        })),
      )
      expect(rows.map(row => new Date(String(row['timestamp'])).toISOString())).toEqual(
        talk.map(message => message.timestamp),
      )
    })

    it('C4 each message has one embedding, whose numbers are valid JSON', () => {
      const rows = rowsOf('cache_embeddings', 'conversation_id', saved[0]?.conversation_id)
      expect(rows).toHaveLength(talk.length)
      for (const row of rows) {
        const numbers = row['embedding'] as readonly number[]
        expect(numbers).toHaveLength(Number(row['embedding_dim']))
        expect(numbers.every(Number.isFinite)).toBe(true)
        expect(row['embedding_model']).toMatch(/^hash/)
      }
    })

    it('C6 the migration has its audit row, and the refused one its own', () => {
      expect(rowsOf('cache_migrations', 'status', 'completed')).toMatchObject([
        {
          version: '1.0',
          migration_type: 'guest_to_user',
          records_migrated: 1,
          records_failed: 0,
          source: 'guest_session',
          destination: 'authenticated_user',
          notes: 'Migrated 1 conversations with 1 messages from guest test-migration-guest',
        },
      ])
      expect(rowsOf('cache_migrations', 'status', 'failed')).toMatchObject([
        { version: '1.0', migration_type: 'guest_to_user', records_migrated: 0, records_failed: 1 },
      ])
    })

    it('C7 A5 each guest has one account that counts its messages', () => {
      const account = { tier: 'guest', cache_hits: 0, monthly_request_limit: 100 }
      expect(rowsOf('usage_metrics', 'user_id', 'talker')).toMatchObject([
        { ...account, total_requests: 4, cache_misses: 4 },
      ])
      expect(rowsOf('usage_metrics', 'user_id', 'crowd')).toMatchObject([
        { ...account, total_requests: 60, cache_misses: 60 },
      ])
      expect(rowsOf('usage_metrics', 'user_id', 'alike.')).toMatchObject([{ total_requests: 1 }])
    })

    it('C8 each message has one mapping', () => {
      const rows = rowsOf('cache_content_mapping', 'user_id', 'talker')
      expect(rows.map(row => row['cache_id']).sort()).toEqual(saved.map(answer => answer.message_id).sort())
      for (const row of rows) {
        expect(row).toMatchObject({
          cache_type: 'message',
          content_id: null,
          cache_backend: 'postgresql',
          content_backend: 'postgresql',
          is_synced: true,
        })
      }
    })

    it('C5 each read counted one hit or one miss, and the stop flushed them', () => {
      const sum = (column: string) =>
        (tables['cache_metrics'] ?? []).reduce((total, row) => total + Number(row[column]), 0)
      // Misses: nobody, and the one who had been erased.
      expect(sum('cache_misses')).toBe(2)
      expect(sum('cache_hits')).toBeGreaterThanOrEqual(12)
      expect(sum('total_requests')).toBe(sum('cache_hits') + sum('cache_misses'))
    })
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storesWith, withoutCaches } from '../../../testbed/servers/reprise.ts'
import { expectProblem, jsonOf, post } from './exchange.ts'
import { openStores, type RunningServer, type Stores, startServer } from './running-server.ts'

let stores: Stores
let server: RunningServer
beforeAll(async () => {
  stores = await openStores()
  server = await startServer(stores)
})
afterAll(async () => {
  await server?.close()
  await stores?.[Symbol.asyncDispose]()
})

interface Message {
  readonly content: string
  readonly timestamp: string
}

const guestOf = () => `g-${randomUUID()}`
const chatOf = (guest: string) => `${server.url}/v1/guest/chat/${guest}`
const say = async (guest: string, content: string, headers = {}) => {
  const response = await post(chatOf(guest), { role: 'user', content }, headers)
  expect(response.status).toBe(200)
  return jsonOf<{ readonly sequence: number }>(response)
}
const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)

describe('guest chat over HTTP', () => {
  it('A1 a message is saved and answered with its place', async () => {
    const guest = guestOf()
    const response = await post(chatOf(guest), {
      role: 'assistant',
      content: 'Grüße, 世界 👋 "quoted" \\ \u2028',
      timestamp: '2026-01-31T13:00:00+01:00',
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('x-request-id')).toBeTruthy()
    expect(await response.json()).toEqual({
      status: 'saved',
      guest_id: guest,
      message_id: uuid,
      conversation_id: uuid,
      stored_in: storesWith('memory'),
      sequence: 0,
      replayed: false,
    })
    const history = await (await fetch(chatOf(guest))).json()
    expect(history).toEqual([
      { role: 'assistant', content: 'Grüße, 世界 👋 "quoted" \\ \u2028', timestamp: '2026-01-31T12:00:00.000Z' },
    ])
  })

  it('A1 without a timestamp the clock of the server counts, and unknown fields are ignored', async () => {
    const guest = guestOf()
    const before = Date.now()
    const response = await post(chatOf(guest), { role: 'tool', content: 'x', colour: 'red', nested: { a: [1, null] } })
    expect(response.status).toBe(200)
    const [message] = await jsonOf<Message[]>(fetch(chatOf(guest)))
    const saidAt = Date.parse(message?.timestamp ?? '')
    expect(saidAt).toBeGreaterThanOrEqual(before)
    expect(saidAt).toBeLessThanOrEqual(Date.now())
  })

  it('A1 the same idempotency key and body are stored once; another body is refused', async () => {
    const guest = guestOf()
    const headers = { 'idempotency-key': `key-${guest}` }
    const first = await say(guest, 'once', headers)
    const again = await say(guest, 'once', headers)
    expect(again).toEqual({ ...first, replayed: true })
    const other = await post(chatOf(guest), { role: 'user', content: 'twice' }, headers)
    await expectProblem(other, 422, 'idempotency_conflict', 'idempotency-key')
    expect(await (await fetch(chatOf(guest))).json()).toHaveLength(1)
  })

  it('A2 the history is a plain array in order, and says where it came from', async () => {
    const guest = guestOf()
    for (const content of ['one', 'two', 'three']) await say(guest, content)
    const response = await fetch(chatOf(guest))
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('x-reprise-source')).toBe(storesWith('memory')[0])
    expect(response.headers.get('x-reprise-stale')).toBeNull()
    const history = await jsonOf<Message[]>(response)
    expect(history.map(({ content }) => content)).toEqual(['one', 'two', 'three'])
    expect(Object.keys(history[0] ?? {})).toEqual(['role', 'content', 'timestamp'])
  })

  it('A2 an unknown guest has an empty array', async () => {
    const response = await fetch(chatOf(guestOf()))
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('[]')
  })

  it('A2 HEAD answers as GET does, without the body', async () => {
    const guest = guestOf()
    await say(guest, 'hello')
    const head = await fetch(chatOf(guest), { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
    const got = await fetch(chatOf(guest))
    expect(head.headers.get('content-length')).toBe(String((await got.arrayBuffer()).byteLength))
    const file = await fetch(`${chatOf(guest)}/export`, { method: 'HEAD' })
    expect([file.status, await file.text()]).toEqual([200, ''])
  })

  it('A2 with a cursor the history is read page by page', async () => {
    const guest = guestOf()
    for (let turn = 0; turn < 5; turn += 1) await say(guest, `m${turn}`)
    const seen: string[] = []
    let query = '?limit=2'
    for (let page = 0; page < 3; page += 1) {
      const answer = await jsonOf<{ messages: Message[]; next_after_seq: number | null }>(fetch(chatOf(guest) + query))
      for (const message of answer.messages) {
        expect(message).toEqual({
          sequence: seen.length,
          message_id: uuid,
          role: 'user',
          content: `m${seen.length}`,
          timestamp: expect.any(String),
        })
        seen.push(message.content)
      }
      expect(answer.next_after_seq).toBe(page < 2 ? seen.length - 1 : null)
      query = `?limit=2&after_seq=${answer.next_after_seq}`
    }
    expect(seen).toEqual(['m0', 'm1', 'm2', 'm3', 'm4'])
    const nobody = await (await fetch(`${chatOf(guestOf())}?after_seq=-1`)).json()
    expect(nobody).toEqual({ messages: [], next_after_seq: null })
  })

  it('A2 the export is one JSON object a line, in order', async () => {
    const guest = guestOf()
    for (const content of ['a', 'b\nc']) await say(guest, content)
    const response = await fetch(`${chatOf(guest)}/export`)
    expect(response.headers.get('content-type')).toBe('application/jsonl; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${guest}.jsonl"`)
    const lines = (await response.text()).trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line))).toEqual([
      { sequence: 0, message_id: uuid, role: 'user', content: 'a', timestamp: expect.any(String) },
      { sequence: 1, message_id: uuid, role: 'user', content: 'b\nc', timestamp: expect.any(String) },
    ])
    await expectProblem(await fetch(`${chatOf(guestOf())}/export`), 404, 'guest_unknown', 'guest_id')
  })

  it('A3 erasing answers with a receipt and leaves nothing', async () => {
    const guest = guestOf()
    await say(guest, 'secret')
    await say(guest, 'more')
    const response = await fetch(chatOf(guest), { method: 'DELETE' })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      status: 'erased',
      guest_id: guest,
      deleted_from: storesWith('memory'),
      pending: [],
      rows: expect.objectContaining({ message_cache: 2 }),
      copy_keys: withoutCaches ? 0 : 1,
    })
    expect(await (await fetch(chatOf(guest))).text()).toBe('[]')
    const again = await fetch(chatOf(guest), { method: 'DELETE', headers: { 'content-type': 'application/json' } })
    expect(again.status).toBe(200)
    expect((await say(guest, 'anew')).sequence).toBe(0)
  })

  it('A4 after migration the guest is gone and the user has the conversation', async () => {
    const guest = guestOf()
    const user = `user-${guest}`
    for (const content of ['one', 'two']) await say(guest, content)
    const migrate = (userId: string) => post(`${server.url}/v1/guest/migrate/${guest}`, { user_id: userId })
    const receipt = await jsonOf<object>(migrate(user))
    expect(receipt).toEqual({
      status: 'migrated',
      guest_id: guest,
      user_id: user,
      migration_id: uuid,
      conversations_migrated: 1,
      messages_migrated: 2,
      started_at: expect.any(String),
      completed_at: expect.any(String),
      notes: `Migrated 1 conversations with 2 messages from guest ${guest}`,
      repeated: false,
    })
    expect(await (await migrate(user)).json()).toEqual({ ...receipt, repeated: true })
    await expectProblem(await migrate('somebody-else'), 409, 'migration_conflict', 'guest_id')
    const gone = [
      await fetch(chatOf(guest)),
      await fetch(`${chatOf(guest)}?limit=10`),
      await fetch(chatOf(guest), { method: 'DELETE' }),
      await post(chatOf(guest), { role: 'user', content: 'late' }),
    ]
    for (const response of gone) await expectProblem(response, 410, 'guest_migrated', 'guest_id')
    await expectProblem(await fetch(`${chatOf(guest)}/export`), 410, 'guest_migrated', 'guest_id')
    const list = await fetch(`${server.url}/v1/users/me/conversations?user_id=${user}`)
    expect(await list.json()).toMatchObject({ conversations: [{ message_count: 2 }] })
  })

  it('A4 a guest who never was cannot be migrated, and the user must be named', async () => {
    const url = `${server.url}/v1/guest/migrate/${guestOf()}`
    await expectProblem(await post(url, { user_id: 'u' }), 404, 'guest_unknown', 'guest_id')
    await expectProblem(await post(url, {}), 400, 'invalid_user_id', 'user_id')
    await expectProblem(await post(url, { user_id: 'a b' }), 400, 'invalid_user_id', 'user_id')
    await expectProblem(await fetch(url, { method: 'POST' }), 400, 'invalid_body')
  })

  it('A5 guests do not see each other', async () => {
    const [one, two] = [guestOf(), guestOf()]
    await say(one, 'mine')
    await say(two, 'yours')
    expect(await (await fetch(chatOf(one))).json()).toMatchObject([{ content: 'mine' }])
    expect(await (await fetch(chatOf(two))).json()).toMatchObject([{ content: 'yours' }])
  })

  it('A7 while PostgreSQL is away, POST is refused and GET answers from the copy, marked stale', async () => {
    const guest = guestOf()
    await say(guest, 'kept')
    stores.isAway = true
    try {
      const refused = await post(chatOf(guest), { role: 'user', content: 'lost?' })
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      await expectProblem(refused, 503, 'database_unavailable')
      const stale = await fetch(chatOf(guest))
      if (withoutCaches) {
        await expectProblem(stale, 503, 'database_unavailable')
      } else {
        expect(stale.headers.get('x-reprise-stale')).toBe('true')
        expect(await stale.json()).toMatchObject([{ content: 'kept' }])
      }
      await expectProblem(await fetch(chatOf(guestOf())), 503, 'database_unavailable')
      await expectProblem(await fetch(`${server.url}/readyz`), 503, 'database_unavailable')
    } finally {
      stores.isAway = false
    }
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })

  it('C7 past the limit a message is refused with Retry-After when ENFORCE_QUOTA is on', async () => {
    const environment = { ENFORCE_QUOTA: 'true', GUEST_MONTHLY_REQUEST_LIMIT: '1' }
    await using strict = await startServer(stores, { environment })
    const url = `${strict.url}/v1/guest/chat/${guestOf()}`
    const headers = { 'idempotency-key': 'first' }
    expect((await post(url, { role: 'user', content: 'one' }, headers)).status).toBe(200)
    const refused = await post(url, { role: 'user', content: 'two' })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await expectProblem(refused, 429, 'quota_exceeded')
    expect((await post(url, { role: 'user', content: 'one' }, headers)).status).toBe(200)
  })
})

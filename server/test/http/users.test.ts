import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem, jsonOf, post } from './exchange.ts'
import { openStores, type RunningServer, type Stores, startServer } from './running-server.ts'

let stores: Stores
let server: RunningServer
let path: string
beforeAll(async () => {
  stores = await openStores()
  server = await startServer(stores)
  path = `${server.url}/v1/users/me/conversations`
})
afterAll(async () => {
  await server?.close()
  await stores?.[Symbol.asyncDispose]()
})

interface Summary {
  readonly conversation_id: string
}
interface List {
  readonly conversations: readonly Summary[]
}

const userOf = () => `user-${randomUUID()}`
const begin = async (user: string): Promise<string> =>
  (await jsonOf<Summary>(fetch(`${path}?user_id=${user}`, { method: 'POST' }))).conversation_id

describe('conversations of users', () => {
  it('A4 a conversation is begun, written, read, paged, exported and erased', async () => {
    const user = userOf()
    const begun = await fetch(`${path}?user_id=${user}`, { method: 'POST' })
    expect(begun.status).toBe(201)
    const summary = await jsonOf<Summary>(begun)
    expect(summary).toMatchObject({ message_count: 0, conversation_id: expect.any(String) })
    const messages = `${path}/${summary.conversation_id}/messages`
    expect(begun.headers.get('location')).toBe(new URL(messages).pathname)
    const headers = { 'idempotency-key': 'k' }
    const first = await (await post(`${messages}?user_id=${user}`, { role: 'user', content: 'one' }, headers)).json()
    expect(first).toMatchObject({ status: 'saved', user_id: user, sequence: 0, stored_in: ['postgresql'] })
    const again = await post(`${messages}?user_id=${user}`, { role: 'user', content: 'one' }, headers)
    expect(await again.json()).toMatchObject({ sequence: 0, replayed: true })
    await post(`${messages}?user_id=${user}`, { role: 'assistant', content: 'two' })
    const history = await jsonOf<object[]>(fetch(`${messages}?user_id=${user}`))
    expect(history).toMatchObject([{ content: 'one' }, { content: 'two' }])
    expect(Object.keys(history[0] ?? {})).toEqual(['role', 'content', 'timestamp'])
    const page = await (await fetch(`${messages}?user_id=${user}&after_seq=0`)).json()
    expect(page).toMatchObject({ messages: [{ sequence: 1, content: 'two' }], next_after_seq: null })
    const file = await fetch(`${path}/${summary.conversation_id}/export?user_id=${user}`)
    expect((await file.text()).trimEnd().split('\n')).toHaveLength(2)
    const list = await jsonOf<List>(fetch(`${path}?user_id=${user}`))
    expect(list.conversations).toMatchObject([{ conversation_id: summary.conversation_id, message_count: 2 }])
    const erased = await fetch(`${path}/${summary.conversation_id}?user_id=${user}`, { method: 'DELETE' })
    expect(await erased.json()).toMatchObject({ status: 'erased', rows: { message_cache: 2 } })
    expect(await jsonOf(fetch(`${path}?user_id=${user}`))).toEqual({ conversations: [], next_after: null })
    await expectProblem(await fetch(`${messages}?user_id=${user}`), 404, 'conversation_unknown', 'conversation_id')
  })

  it('A5 a conversation of somebody else is not there', async () => {
    const [mine, theirs] = [userOf(), userOf()]
    const conversation = await begin(mine)
    const query = `?user_id=${theirs}`
    const tries = [
      await fetch(`${path}/${conversation}/messages${query}`),
      await fetch(`${path}/${conversation}/messages${query}&limit=1`),
      await post(`${path}/${conversation}/messages${query}`, { role: 'user', content: 'x' }),
      await fetch(`${path}/${conversation}${query}`, { method: 'DELETE' }),
    ]
    for (const response of tries) await expectProblem(response, 404, 'conversation_unknown', 'conversation_id')
    await expectProblem(
      await fetch(`${path}/${conversation}/export${query}`),
      404,
      'conversation_unknown',
      'conversation_id',
    )
    expect((await fetch(`${path}/${conversation}/messages?user_id=${mine}`)).status).toBe(200)
  })

  it('the list has pages', async () => {
    const user = userOf()
    const begun = [await begin(user), await begin(user), await begin(user)]
    const read = async (query: string) => {
      const { conversations } = await jsonOf<List>(fetch(`${path}?user_id=${user}${query}`))
      return conversations.map(entry => entry.conversation_id)
    }
    const all = await read('')
    expect([...all].sort()).toEqual([...begun].sort())
    expect([...(await read('&limit=2')), ...(await read('&limit=2&offset=2'))]).toEqual(all)
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'offset=-1',
      'offset=1.5',
      'after=',
      'after=x',
      `after=${Buffer.from('2026-01-31T12:00:00Z 1').toString('base64url')}`,
    ]) {
      const field = query.split('=', 1)[0]
      await expectProblem(await fetch(`${path}?user_id=${user}&${query}`), 400, 'invalid_cursor', field)
    }
  })

  it('the list has a cursor that does not shift while conversations are used', async () => {
    const user = userOf()
    const begun = []
    for (let count = 0; count < 5; count += 1) begun.push(await begin(user))
    const met: string[] = []
    let after: string | null = ''
    while (after !== null) {
      const cursor: string = after === '' ? '' : `&after=${after}`
      const page: List & { readonly next_after: string | null } = await jsonOf(
        fetch(`${path}?user_id=${user}&limit=2${cursor}`),
      )
      const ids = page.conversations.map(entry => entry.conversation_id)
      met.push(...ids)
      await post(`${path}/${ids[0]}/messages?user_id=${user}`, { role: 'user', content: 'used again' })
      after = page.next_after
    }
    expect(met).toEqual(begun.toReversed())
  })

  it.each(['x', '%00', '123', `${randomUUID()}0`, 'null'])('the conversation id %s is refused', async id => {
    const message = { role: 'user', content: 'x' }
    await expectProblem(
      await fetch(`${path}/${id}/messages?user_id=u`),
      400,
      'invalid_conversation_id',
      'conversation_id',
    )
    const appended = await post(`${path}/${id}/messages?user_id=u`, message)
    await expectProblem(appended, 400, 'invalid_conversation_id', 'conversation_id')
  })

  it.each(['', 'a b', 'x'.repeat(256), 'ä', '%00'])('the user id %s is refused', async user => {
    await expectProblem(await fetch(`${path}?user_id=${user}`), 400, 'invalid_user_id', 'user_id')
  })

  it('a bad message is refused as a guest’s is', async () => {
    const user = userOf()
    const url = `${path}/${await begin(user)}/messages?user_id=${user}`
    await expectProblem(await post(url, { role: 'robot', content: 'x' }), 400, 'invalid_role', 'role')
    await expectProblem(await post(url, { role: 'user', content: '' }), 400, 'empty_content', 'content')
    await expectProblem(await post(url, '{'), 400, 'invalid_json')
    await expectProblem(
      await post(url, { role: 'user', content: 'x' }, { 'idempotency-key': '' }),
      400,
      'invalid_idempotency_key',
      'idempotency-key',
    )
    expect(await (await fetch(url)).text()).toBe('[]')
  })

  it('a history past the bound is refused with the way to read it', async () => {
    const user = userOf()
    const conversation = await begin(user)
    await using full = await startServer(stores, {
      conversations: real => ({
        ...real,
        page: (ref, query) => real.page(ref, { ...query, limit: Math.min(query.limit, 1) }),
      }),
    })
    const url = `${full.url}/v1/users/me/conversations/${conversation}/messages?user_id=${user}`
    for (const content of ['one', 'two']) await post(url, { role: 'user', content })
    const problem = await expectProblem(await fetch(url), 413, 'history_too_large')
    expect(problem.detail).toContain('after_seq')
  })
})

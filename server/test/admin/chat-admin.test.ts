import { describe, expect, test } from 'vitest'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { jsonOf, post } from '../http/exchange.ts'

interface Overview {
  readonly totals: Readonly<Record<string, number>>
  readonly hours: readonly { readonly requests: number; readonly hits: number }[]
  readonly embeddings: { readonly stored: { readonly all: number } }
  readonly outbox: { readonly pending: number; readonly dead: number }
  readonly endpoints: readonly { readonly endpoint: string; readonly last_hour: number; readonly mean_ms: number }[]
}

describe('the chat as operators see it', () => {
  test('E3 totals, hours, guests, embeddings, migrations and response times', async () => {
    await using server = await startReprise({ EMBEDDER: 'hash' })
    const say = (guest: string, content: string) =>
      post(`${server.url}/v1/guest/chat/${guest}`, { role: 'user', content })
    for (const content of ['one', 'two', 'three']) await say('ann', content)
    await say('bob', 'hello')
    await fetch(`${server.url}/v1/guest/chat/ann`)
    await post(`${server.url}/v1/guest/migrate/bob`, { user_id: 'user-bob' })

    const overview = () => jsonOf<Overview>(fetch(`${server.url}/api/chat/overview`))
    await expect
      .poll(
        async () => {
          const { totals, embeddings, hours } = await overview()
          return [totals['messages'], totals['embeddings'], embeddings.stored.all, hours.at(-1)?.hits]
        },
        { timeout: 20_000 },
      )
      .toEqual([4, 4, 4, 1])
    const { totals, endpoints, outbox } = await overview()
    expect(totals).toMatchObject({ conversations: 2, unsynced: 0, migrations_completed: 1, migrations_failed: 0 })
    expect(outbox).toMatchObject({ pending: 0, dead: 0 })
    expect(endpoints.find(({ endpoint }) => endpoint === 'POST /v1/guest/chat/:guest_id')).toMatchObject({
      last_hour: 4,
    })

    const { guests } = await jsonOf<{ guests: readonly object[] }>(fetch(`${server.url}/api/chat/guests`))
    expect(guests).toMatchObject([{ guest_id: 'ann', messages: 3, embeddings: 3, requests: 3, monthly_limit: 100 }])
    const { migrations } = await jsonOf<{ migrations: readonly object[] }>(fetch(`${server.url}/api/chat/migrations`))
    expect(migrations).toMatchObject([{ status: 'completed', guest_id: 'bob', conversations: 1, messages: 1 }])
  })

  test('set-aside embeddings are listed and put back to work', async () => {
    await using server = await startReprise({ EMBEDDER: 'hash' })
    const { outbox, dead } = await jsonOf<{ outbox: object; dead: readonly object[] }>(
      fetch(`${server.url}/api/chat/outbox`),
    )
    expect([outbox, dead]).toMatchObject([{ dead: 0 }, []])
    expect(await jsonOf(post(`${server.url}/api/chat/outbox/redrive`, {}))).toEqual({ redriven: 0 })
    expect((await fetch(`${server.url}/api/chat/outbox?limit=0`)).status).toBe(400)
  })

  test('the admin key opens a guest’s own verbs, and nobody else’s does', async () => {
    const key = 'an admin key of more than sixteen'
    await using server = await startReprise({ EMBEDDER: 'none', GUEST_AUTH: 'secret', ADMIN_API_KEY: key })
    const { guest_id, secret } = await jsonOf<{ guest_id: string; secret: string }>(
      fetch(`${server.url}/v1/guest`, { method: 'POST' }),
    )
    const url = `${server.url}/v1/guest/chat/${guest_id}`
    await post(url, { role: 'user', content: 'hello' }, { 'x-guest-secret': secret })
    const status = async (authorization: string) =>
      (await fetch(`${url}/export`, { headers: { authorization } })).status
    expect(await status(`Bearer ${key}`)).toBe(200)
    expect(await status('Bearer another')).toBe(401)
    expect((await fetch(`${server.url}/api/chat/guests`)).status).toBe(401)
    const erased = await fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${key}` } })
    expect(await erased.json()).toMatchObject({ status: 'erased', rows: { message_cache: 1 } })
  })
})

import { expect, it } from 'vitest'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { say } from '../contract/chat.ts'
import { describeOnBothStores } from '../contract/deployment.ts'
import { jsonOf, post } from '../http/exchange.ts'
import { type Found, search, untilEmbedded } from './found.ts'

const talk = [
  'My dog is called Rex and he loves swimming.',
  'The quarterly invoice is due at the end of March.',
  'We are flying to Lisbon for the holidays.',
  'I am allergic to peanuts.',
  'Could you translate this letter into French?',
]

describeOnBothStores('recall by meaning, with the model that is there by itself', { EMBEDDER: '' }, on => {
  it('finds what means the like, the nearest first, with score, place and conversation', async () => {
    const { url } = on()
    const saved = []
    for (const content of talk) saved.push(await say(url, 'recall', content))
    await untilEmbedded(url, 'recall', talk.length)
    const found = await search(url, 'recall', 'What is the name of my pet?')
    expect(found).toMatchObject({ searched: 5, pending: 0, model: 'all-MiniLM-L6-v2', query_truncated: false })
    expect(found.messages).toHaveLength(5)
    expect(found.messages[0]).toMatchObject({
      sequence: 0,
      content: talk[0],
      role: 'user',
      message_id: saved[0]?.message_id,
      conversation_id: saved[0]?.conversation_id,
    })
    const scores = found.messages.map(message => message.score)
    expect(scores).toEqual(scores.toSorted((one, other) => other - one))
    const contentsOf = async (q: string) => (await search(url, 'recall', q, '&limit=1')).messages.map(m => m.content)
    expect(await contentsOf('which food must be avoided')).toEqual([talk[3]])
    expect(await contentsOf('vacation plans')).toEqual([talk[2]])
    expect(await contentsOf('when do we have to pay')).toEqual([talk[1]])
  })

  it('A5 finds nothing of others, and nothing of nobody', async () => {
    const { url } = on()
    await say(url, 'recall-other', 'My cat is called Tom.')
    await untilEmbedded(url, 'recall-other', 1)
    expect((await search(url, 'recall-other', 'pets')).messages.map(m => m.content)).toEqual(['My cat is called Tom.'])
    expect(await search(url, 'recall-nobody', 'pets')).toMatchObject({ messages: [], searched: 0, pending: 0 })
  })

  it('A3 what was erased is never found', async () => {
    const { url } = on()
    await say(url, 'recall-erased', 'The safe opens with 1234.')
    await untilEmbedded(url, 'recall-erased', 1)
    await fetch(`${url}/v1/guest/chat/recall-erased`, { method: 'DELETE' })
    expect(await search(url, 'recall-erased', 'code of the safe')).toMatchObject({ messages: [], searched: 0 })
  })

  it('A4 a migrated guest’s messages are found by the user over all conversations, and no more by the guest', async () => {
    const { url } = on()
    await say(url, 'recall-leaving', 'My sister lives in Oslo.')
    await untilEmbedded(url, 'recall-leaving', 1)
    await post(`${url}/v1/guest/migrate/recall-leaving`, { user_id: 'recall-user' })
    const gone = await fetch(`${url}/v1/guest/chat/recall-leaving/search?q=family`)
    expect([gone.status, (await jsonOf<{ code: string }>(gone)).code]).toEqual([410, 'guest_migrated'])

    const begun = await jsonOf<{ conversation_id: string }>(
      post(`${url}/v1/users/me/conversations?user_id=recall-user`, {}),
    )
    const path = `${url}/v1/users/me/conversations/${begun.conversation_id}/messages?user_id=recall-user`
    await post(path, { role: 'user', content: 'My brother is a carpenter.' })
    const found = () => jsonOf<Found>(fetch(`${url}/v1/users/me/search?user_id=recall-user&q=siblings`))
    await expect.poll(async () => (await found()).searched, { timeout: 25_000 }).toBe(2)
    const { messages } = await found()
    expect(messages.map(message => message.content).toSorted()).toEqual([
      'My brother is a carpenter.',
      'My sister lives in Oslo.',
    ])
    expect(new Set(messages.map(message => message.conversation_id)).size).toBe(2)
  })

  it.each([
    ['', 'invalid_query'],
    ['?q=', 'invalid_query'],
    [`?q=${'x'.repeat(4097)}`, 'invalid_query'],
    ['?q=x&limit=0', 'invalid_query'],
    ['?q=x&limit=101', 'invalid_query'],
  ])('refuses %.30s', async (query, code) => {
    const refused = await fetch(`${on().url}/v1/guest/chat/recall/search${query}`)
    expect([refused.status, (await jsonOf<{ code: string }>(refused)).code]).toEqual([400, code])
  })

  it('says that it read only the beginning of a long query', async () => {
    expect((await search(on().url, 'recall', 'many words '.repeat(300))).query_truncated).toBe(true)
  })
})

it('asks for the guest’s secret where there is one', async () => {
  await using server = await startReprise({ GUEST_AUTH: 'secret' })
  const guest = await jsonOf<{ guest_id: string; secret: string }>(post(`${server.url}/v1/guest`, {}))
  const path = `${server.url}/v1/guest/chat/${guest.guest_id}/search?q=x`
  expect((await fetch(path)).status).toBe(401)
  expect((await fetch(path, { headers: { 'x-guest-secret': guest.secret } })).status).toBe(200)
})

it('without an embedder says what to set', async () => {
  await using server = await startReprise({ EMBEDDER: 'none' })
  const refused = await fetch(`${server.url}/v1/guest/chat/somebody/search?q=x`)
  expect(refused.status).toBe(501)
  expect(await jsonOf(refused)).toMatchObject({
    code: 'embedder_missing',
    detail: expect.stringContaining('EMBEDDER=local'),
  })
})

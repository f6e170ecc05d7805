// Messages in a list of Redis become a guest's chat.
import { createClient } from '@redis/client'

const redis = createClient({ url: 'redis://127.0.0.1:6379' })
await redis.connect()

async function sayBefore(guest: string, content: string): Promise<void> {
  const message = { role: 'user', content, timestamp: new Date().toISOString() }
  await redis.rPush(`chat:${guest}`, JSON.stringify(message))
  await redis.expire(`chat:${guest}`, 86_400)
}
const historyBefore = async (guest: string) =>
  (await redis.lRange(`chat:${guest}`, 0, -1)).map(text => JSON.parse(text) as { readonly content: string })

const chat = 'http://127.0.0.1:8000/v1/guest/chat'

async function say(guest: string, message: object, key: string = crypto.randomUUID()): Promise<void> {
  const answer = await fetch(`${chat}/${guest}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(message),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
const history = async (guest: string) =>
  (await (await fetch(`${chat}/${guest}`)).json()) as { readonly content: string }[]

async function moveOver(): Promise<void> {
  for await (const keys of redis.scanIterator({ MATCH: 'chat:*' })) {
    for (const key of keys) {
      const guest = key.slice('chat:'.length)
      // The place in the list is the key, so that moving twice stores nothing twice.
      for (const [place, message] of (await historyBefore(guest)).entries()) await say(guest, message, `moved-${place}`)
    }
  }
}

await sayBefore('ann', 'A table for two, please.')
await sayBefore('ann', 'Tonight at eight.')
await moveOver()
await moveOver()
await say('ann', { role: 'user', content: 'By the window.' })
console.log((await history('ann')).map(({ content }) => content).join(' | '))
await redis.close()

// It prints:
// A table for two, please. | Tonight at eight. | By the window.

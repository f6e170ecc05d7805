import { Announcer, type ConversationCopies, parseGuestId } from 'reprise'
import { type Conversations, createConversations } from 'reprise/conversation'
import { memoryConversationCopies } from 'reprise/memory-copies'
import { connectPostgres, migrate, postgresConversationStore } from 'reprise/postgres'
import { connectRedis, redisConversationCopies } from 'reprise/redis'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { sql } from '../postgres/databases.ts'

const guestId = parseGuestId('web-7f3a')
const settings = { enforceQuota: false, guestMonthlyLimit: 100, embed: false }

/** Works with a database over connections of its own. */
async function using<Result>(
  url: string,
  copies: ConversationCopies,
  work: (chat: Conversations) => Promise<Result>,
): Promise<Result> {
  const database = connectPostgres({ url })
  await migrate(database)
  const store = postgresConversationStore(database)
  try {
    return await work(createConversations({ store, copies, announcer: new Announcer(), settings }))
  } finally {
    await database.close()
  }
}

async function say(chat: Conversations, ...contents: readonly string[]) {
  const answers = []
  for (const content of contents) {
    const draft = { role: 'user', content, timestamp: undefined } as const
    answers.push(await chat.append({ kind: 'guest', guestId }, draft, undefined))
  }
  return answers
}

async function heard(chat: Conversations) {
  const history = await chat.history(guestId)
  if (history.kind !== 'found') return history.kind
  const messages: readonly { readonly content: string }[] = JSON.parse(Buffer.from(history.json).toString())
  return { text: messages.map(({ content }) => content).join(' '), source: history.source }
}

describeWith(['postgres', 'redis-server'], 'copies of commits that PostgreSQL has lost', () => {
  let server: PostgresServer
  let redis: RedisServer
  let made = 0
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } })
    redis = await startRedis()
  })
  afterAll(async () => {
    await redis.stop()
    await server.stop()
  })

  /** Another database, as the given one is now: a backup, or the standby that an asynchronous failover promotes. */
  async function copyOf(url: string | undefined): Promise<string> {
    made += 1
    const admin = connectPostgres({ url: server.url })
    await admin.run(sql(`CREATE DATABASE made_${made} TEMPLATE ${url?.split('/').at(-1) ?? 'template1'}`))
    await admin.close()
    return server.url.replace(/postgres$/, `made_${made}`)
  }

  const kinds = {
    redis: async () => {
      await redis.restart({ empty: true })
      return redisConversationCopies(await connectRedis({ url: redis.url, writeTimeoutMs: 5_000 }))
    },
    memory: async () => memoryConversationCopies(),
  } as const

  for (const [name, open] of Object.entries(kinds)) {
    /** A guest who said three words that are kept, and two that are lost. */
    async function afterTheLoss() {
      const copies = await open()
      onTestFinished(() => copies.close())
      const url = await copyOf(undefined)
      await using(url, copies, chat => say(chat, 'one', 'two', 'three'))
      const backup = await copyOf(url)
      await using(url, copies, async chat => {
        await say(chat, 'lost', 'gone')
        expect(await heard(chat)).toEqual({ text: 'one two three lost gone', source: name })
      })
      return { copies, backup }
    }

    it(`A2 are never taken for those that get their numbers, in ${name}`, async () => {
      const { copies, backup } = await afterTheLoss()
      await using(backup, copies, async chat => {
        const said = ['one', 'two', 'three']
        expect(await heard(chat)).toMatchObject({ text: said.join(' ') })
        for (const word of ['four', 'five', 'six', 'seven']) {
          said.push(word)
          expect(await say(chat, word)).toMatchObject([{ kind: 'saved' }])
          expect(await heard(chat)).toMatchObject({ text: said.join(' ') })
        }
        expect(await heard(chat)).toEqual({ text: said.join(' '), source: name })
      })
    })

    it(`A2 are not believed when nobody read meanwhile, in ${name}`, async () => {
      const { copies, backup } = await afterTheLoss()
      await using(backup, copies, async chat => {
        await say(chat, 'four', 'five')
        expect(await heard(chat)).toMatchObject({ text: 'one two three four five' })
      })
    })

    it(`A2 are not gone on with, in ${name}`, async () => {
      const { copies, backup } = await afterTheLoss()
      await using(backup, copies, async chat => {
        const answers = await say(chat, 'four', 'five', 'six')
        expect(await heard(chat)).toMatchObject({ text: 'one two three four five six' })
        // What an answer said of the copy was so.
        const [copy] = await copies.read([guestId])
        const held = JSON.parse(Buffer.from(copy?.json ?? '[]').toString())
        expect(answers.every(answer => answer.kind === 'saved')).toBe(true)
        expect(held.map((message: { readonly content: string }) => message.content)).toEqual([
          ...['one', 'two', 'three', 'four', 'five', 'six'],
        ])
      })
    })

    it(`A1 a copy that is past PostgreSQL is replaced by the first reading, in ${name}`, async () => {
      const { copies, backup } = await afterTheLoss()
      await using(backup, copies, async chat => {
        expect(await heard(chat)).toEqual({ text: 'one two three', source: 'postgresql' })
        await expect.poll(() => heard(chat)).toEqual({ text: 'one two three', source: name })
        expect(await say(chat, 'four')).toMatchObject([{ storedIn: [name, 'postgresql'] }])
      })
    })
  }
})

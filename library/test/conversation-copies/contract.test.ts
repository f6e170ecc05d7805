import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { memoryConversationCopies } from 'reprise/memory-copies'
import { connectRedis, type RedisConversationCopies, redisConversationCopies } from 'reprise/redis'
import { conversationCopiesSuite } from 'reprise/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'

const maxCopyBytes = 20_000

describe('B2 copies in memory', () => {
  const copies = memoryConversationCopies({ maxCopyBytes })
  for (const { name, run } of conversationCopiesSuite(async () => ({ copies, maxCopyBytes }))) it(name, run)
})

for (const tls of [false, true]) {
  describeWith(['redis-server', 'openssl'], tls ? 'B2 copies in Redis over TLS' : 'B2 copies in Redis', () => {
    let server: RedisServer
    let copies: RedisConversationCopies
    beforeAll(async () => {
      server = await startRedis({ tls })
      if (server.caFile) setDefaultCACertificates([...getCACertificates(), readFileSync(server.caFile, 'utf8')])
      // What hosted providers add after the question mark must not disturb.
      copies = redisConversationCopies(await connectRedis({ url: `${server.url}?family=4` }), { maxCopyBytes })
    })
    afterAll(async () => {
      await copies.close()
      await server.stop()
    })
    for (const { name, run } of conversationCopiesSuite(async () => ({ copies, maxCopyBytes }))) it(name, run)
  })
}

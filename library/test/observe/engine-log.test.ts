import { createCache } from 'reprise'
import { type Logger, logCache } from 'reprise/log'
import { redis } from 'reprise/redis'
import { describe, expect, test, vi } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'

interface Line {
  readonly level: string
  readonly fields: object
  readonly message: string
}

function recorder(isDebug = true): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const write = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message })
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  return { logger: { ...logger, isLevelEnabled: level => level !== 'debug' || isDebug }, lines }
}

const secret = 'ada@example.com'

describe('logs of caches', () => {
  test('each operation is a line at debug level, without keys and values', async () => {
    const cache = createCache({ name: 'app' })
    const { logger, lines } = recorder()
    const stop = logCache(cache, logger)
    await cache.getOrSet(['user', secret], () => ({ name: secret }), { tags: [secret] })
    await cache.get(['user', secret])
    await cache.delete(['user', secret])
    await cache.invalidateTags([secret])
    const messages = lines.map(({ message }) => message)
    for (const message of ['cache miss', 'cache set', 'cache hit', 'cache delete', 'cache invalidation'])
      expect(messages).toContain(message)
    expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(['debug']))
    expect(JSON.stringify(lines)).not.toContain(secret)
    expect(lines.find(({ message }) => message === 'cache hit')?.fields).toMatchObject({ cache: 'app', tier: 'memory' })

    stop()
    const count = lines.length
    await cache.get(['user', secret])
    expect(lines).toHaveLength(count)
    await cache.close()
  })

  test('a failing loader is a warning with the name of its error; its message and the key only with details', async () => {
    const cache = createCache({ name: 'app' })
    const [plain, detailed] = [recorder(), recorder()]
    logCache(cache, plain.logger)
    logCache(cache, detailed.logger, { details: true })
    const failing = () => Promise.reject(new TypeError(`no row for ${secret}`))
    await expect(cache.getOrSet(['user', secret], failing)).rejects.toThrow(secret)
    const warning = plain.lines.find(({ level }) => level === 'warn')
    expect(warning).toMatchObject({ message: 'a loader of the cache failed', fields: { error: 'TypeError' } })
    expect(JSON.stringify(plain.lines)).not.toContain(secret)
    const fields = detailed.lines.find(({ level }) => level === 'warn')?.fields
    expect(fields).toMatchObject({ key: `user:${secret}`, message: `no row for ${secret}` })
    await cache.close()
  })

  test('where debug is off no line is written for an operation', async () => {
    const cache = createCache({ name: 'app' })
    const { logger, lines } = recorder(false)
    logCache(cache, logger)
    await cache.set('key', 1)
    await cache.get('key')
    expect(lines).toEqual([])
    await cache.close()
  })
})

describeWith(['redis-server'], 'logs of caches before Redis', () => {
  test('an outage is a warning, its end information', async () => {
    await using server = await startRedis()
    const cache = createCache({ name: 'app', redis: redis({ url: server.url }) })
    const { logger, lines } = recorder()
    logCache(cache, logger)
    const levelOf = (message: string) => lines.find(line => line.message === message)?.level
    await vi.waitUntil(() => cache.stats().bus === 'listening', { timeout: 10_000 })
    await server.kill()
    await cache.get('key')
    await vi.waitUntil(() => levelOf('a tier of the cache does not answer and is left out') === 'warn')
    await server.restart()
    await vi.waitUntil(() => levelOf('a tier of the cache answers again') === 'info', { timeout: 20_000 })
    await cache.close()
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { opened } from '../opened.ts'
import { redisCalls } from '../redis-calls.ts'
import { type Scenario, verdictOf } from '../scenario.ts'

const hits = 100

export const tagCheckCost: Scenario = {
  name: 'cost of checking tags',
  question: 'How many Redis commands do 100 memory hits on a key with three tags take?',
  needs: ['Redis', 'memory before Redis', 'tags'],
  play: async (library, ends) => {
    const redis = ends.use(await startRedis())
    const cache = await opened(library, { redis: { kind: 'server', port: redis.port } })
    await cache.set('key', 'value', ['one', 'two', 'three'])
    await cache.get('key')
    await sleep(500)
    const before = await redisCalls(redis.port)
    let found = 0
    for (let hit = 0; hit < hits; hit += 1) if ((await cache.get('key')) === 'value') found += 1
    const commands = (await redisCalls(redis.port)) - before
    return verdictOf([found < hits && `${hits - found} misses`, commands > 0 && `${commands} commands`], '0 commands')
  },
}

import type { Redis, RedisMaster } from './redis.ts'

/** How often a walk begins anew because the cluster changed under it. */
const maxWalks = 3

/**
 * Walks over all keys that match a pattern of Redis, about `count` a step, on every master. A key that is there from begin
 * to end is found, perhaps twice: where a server was replaced or slots were on their way meanwhile, the walk begins anew.
 * @throws Error when a step fails, or the cluster keeps changing
 */
export async function* scanKeys(
  redis: Redis,
  pattern: string,
  count: number,
  signal?: AbortSignal,
): AsyncIterable<readonly string[]> {
  let before = await standing(redis)
  for (let walk = 0; walk < maxWalks; walk += 1) {
    for (const master of before.masters) yield* scanMaster(master, pattern, count, signal)
    const after = await standing(redis)
    const moving = before.moving || after.moving
    // A key that changes its server once while it is passed over is found by the second walk.
    if (after.text === before.text && (!moving || walk > 0)) return
    before = after
  }
  throw new Error('Redis kept changing while its keys were walked over; try again later.')
}

async function* scanMaster(
  master: RedisMaster,
  pattern: string,
  count: number,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly string[]> {
  let cursor = '0'
  do {
    signal?.throwIfAborted()
    const reply = await master.run('read', ['SCAN', cursor, 'MATCH', pattern, 'COUNT', `${count}`])
    const [next, keys] = Array.isArray(reply) ? reply : []
    cursor = String(next ?? '0')
    // A step that found nothing is one too: it shows that the walk goes on.
    yield Array.isArray(keys) ? keys.map(String) : []
  } while (cursor !== '0')
}

/** Who holds which keys: servers are told apart by their run id, for a cursor means nothing to another one. */
async function standing(redis: Redis) {
  const masters = await redis.masters()
  const texts = await Promise.all(
    masters.map(async master => {
      const info = String(await master.run('read', ['INFO', 'server']))
      const slots = redis.kind === 'single' ? '' : await slotsOf(master)
      return `${master.place} ${/^run_id:(\w+)/m.exec(info)?.[1] ?? ''} ${slots}`
    }),
  )
  // A slot that comes or goes is told as [93-<-id] or [93->-id].
  return { masters, text: texts.sort().join(), moving: texts.some(text => /\[\d+-[<>]-/.test(text)) }
}

/** The slots of a master, as it tells of itself. */
async function slotsOf(master: RedisMaster): Promise<string> {
  const lines = String(await master.run('read', ['CLUSTER', 'NODES'])).split('\n')
  return (
    lines
      .find(line => line.includes('myself'))
      ?.split(' ')
      .slice(8)
      .join(' ') ?? ''
  )
}

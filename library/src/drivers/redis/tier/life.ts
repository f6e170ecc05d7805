import type { Redis, RedisMaster } from '../connection/redis.ts'

/**
 * A text that changes when Redis may have lost what it held or gone back to an older state: who the masters are, which run
 * of theirs this is, and which history they continue. A master of a cluster that is away counts as another one.
 * @throws Error when no master answers as fast as a read must be
 */
export async function lifeOf(redis: Redis): Promise<string> {
  const masters = await redis.masters()
  const lives = await Promise.allSettled(masters.map(lifeOfMaster))
  const failed = lives.find(life => life.status === 'rejected')
  if (failed !== undefined && lives.every(life => life.status === 'rejected')) throw failed.reason
  return masters
    .map(({ place }, index) => {
      const life = lives[index]
      return `${place} ${life?.status === 'fulfilled' ? life.value : 'away'}`
    })
    .sort()
    .join()
}

async function lifeOfMaster(master: RedisMaster): Promise<string> {
  const infos = await Promise.all([master.run('read', ['INFO', 'server']), master.run('read', ['INFO', 'replication'])])
  const [run, history] = infos.map(String)
  return `${/^run_id:(\w+)/m.exec(run ?? '')?.[1] ?? ''} ${/^master_replid:(\w+)/m.exec(history ?? '')?.[1] ?? ''}`
}

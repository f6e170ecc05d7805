import type { StoreLife } from '../../../ports/store.ts'
import type { Redis, RedisMaster } from '../connection/redis.ts'

/**
 * The life of each master: which run of it this is, and which history it continues.
 * @throws Error when no master answers as fast as a read must be, or the cluster refuses to serve
 */
export async function lifeOf(redis: Redis): Promise<StoreLife> {
  const masters = await redis.masters()
  const lives = await Promise.allSettled(masters.map(master => lifeOfMaster(master, redis.kind === 'cluster')))
  const failed = lives.find(life => life.status === 'rejected')
  if (failed !== undefined && lives.every(life => life.status === 'rejected')) throw failed.reason
  return new Map(
    masters.map(({ place }, index) => {
      const life = lives[index]
      return [place, life?.status === 'fulfilled' ? life.value : undefined]
    }),
  )
}

async function lifeOfMaster(master: RedisMaster, isInCluster: boolean): Promise<string> {
  const [run = '', history = '', cluster = ''] = await Promise.all([
    info(master, ['INFO', 'server']),
    info(master, ['INFO', 'replication']),
    isInCluster ? info(master, ['CLUSTER', 'INFO']) : '',
  ])
  if (cluster.includes('cluster_state:fail')) throw new Error(`The cluster is down, says ${master.place}.`)
  return `${/^run_id:(\w+)/m.exec(run)?.[1] ?? ''} ${/^master_replid:(\w+)/m.exec(history)?.[1] ?? ''}`
}

async function info(master: RedisMaster, command: readonly string[]): Promise<string> {
  return String(await master.run('read', command))
}

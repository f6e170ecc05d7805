import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask, killMasterOf, ownerOf } from '../../../library/test/redis-tier/cluster-cli.ts'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisCluster, startRedisCluster } from '../../../testbed/servers/redis-cluster.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { jsonOf } from '../http/exchange.ts'
import { contentsOf, erase, say, sourceOf, untilCopied } from './chat.ts'

describeWith(['postgres', 'redis-server', 'redis-cli'], 'the contract of a Redis Cluster', () => {
  let postgres: PostgresServer
  let cluster: RedisCluster
  let server: RepriseServer
  beforeAll(async () => {
    ;[postgres, cluster] = await Promise.all([startPostgres({ settings: { fsync: 'off' } }), startRedisCluster()])
    server = await startReprise({
      DATABASE_URL: postgres.url,
      REDIS_CLUSTER_NODES: cluster.addresses,
      EMBEDDER: 'none',
    })
  })
  afterAll(async () => {
    await server.stop()
    await Promise.all([postgres.stop(), cluster.stop()])
  })

  const guests = Array.from({ length: 30 }, (_, index) => `cluster-${index}`)
  const port = () => cluster.nodes[0]?.port ?? 0
  const slotOf = async (guest: string) => Number(await ask(port(), 'cluster', 'keyslot', `guest:${guest}`))

  it('B2 G REDIS_CLUSTER_NODES: copies lie on all masters, are read from there, and are erased', async () => {
    const storedIn = new Set<string>()
    for (const guest of guests) for (const store of (await say(server.url, guest, 'one')).stored_in) storedIn.add(store)
    // An answer waits 25 ms for the copy; on a busy machine not each of them has it.
    expect(storedIn).toContain('redis')
    for (const guest of guests) await untilCopied(server.url, guest)
    const owners = new Set<number>()
    for (const guest of guests) {
      const owner = await ownerOf(port(), await slotOf(guest))
      owners.add(owner.port)
      expect(await ask(owner.port, 'get', `guest:${guest}`)).toContain('"content":"one"')
      expect(await sourceOf(server.url, guest)).toBe('redis')
    }
    expect(owners.size).toBe(3)
    const [erased = ''] = guests
    expect(await erase(server.url, erased)).toMatchObject({ deleted_from: ['redis', 'postgresql'] })
    expect(await ask((await ownerOf(port(), await slotOf(erased))).port, 'exists', `guest:${erased}`)).toBe('0')
    expect(server.output()).toContain('Redis Cluster at 127.0.0.1:')
  })

  it('B3 a killed master fails no chat, and its copies are taken up at the replica', async () => {
    const [, victim = ''] = guests
    const killing = killMasterOf(cluster, await slotOf(victim))
    for (const guest of guests.slice(1)) await say(server.url, guest, 'two')
    await killing
    for (const guest of guests.slice(1)) {
      expect(await contentsOf(server.url, guest)).toEqual(['one', 'two'])
    }
    await expect.poll(() => sourceOf(server.url, victim), { timeout: 20_000 }).toBe('redis')
    const health = await jsonOf<{ readonly redis_available: boolean }>(fetch(`${server.url}/api/cache/health`))
    expect(health.redis_available).toBe(true)
  })

  it('G refuses REDIS_URL beside it, and nodes that are none, without a word of a password', async () => {
    const refused = async (settings: Readonly<Record<string, string>>) =>
      String(await startReprise(settings).catch((error: unknown) => error))
    expect(await refused({ REDIS_URL: 'redis://127.0.0.1', REDIS_CLUSTER_NODES: '127.0.0.1:6379' })).toMatch(
      /REDIS_CLUSTER_NODES.*REDIS_URL is set too/s,
    )
    const wrong = await refused({ REDIS_CLUSTER_NODES: '127.0.0.1:6379,user:hunter2@host' })
    expect(wrong).toMatch(/REDIS_CLUSTER_NODES.*node 2 of 2/s)
    expect(wrong).not.toContain('hunter2')
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import { type GuestId, parseGuestId } from 'reprise'
import { connectRedis, type Redis, type RedisConversationCopies, redisConversationCopies } from 'reprise/redis'
import { conversationCopiesSuite } from 'reprise/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type RedisCluster, startRedisCluster } from '../../../testbed/servers/redis-cluster.ts'
import { appendOf } from '../conversation-copies/append-of.ts'
import { ask, killMasterOf, moveSlot, nodesSeenBy, ownerOf } from './cluster-cli.ts'
import { soon } from './tier.ts'

const maxCopyBytes = 20_000
const guest = (name: string) => parseGuestId(name)
const guests = Array.from({ length: 300 }, (_, index) => guest(`web-${index}`))

describeWith(['redis-server', 'redis-cli'], 'B2 copies in a Redis Cluster', () => {
  let cluster: RedisCluster
  let redis: Redis
  let copies: RedisConversationCopies
  beforeAll(async () => {
    cluster = await startRedisCluster()
    redis = await connectRedis({
      cluster: cluster.addresses.split(','),
      commandTimeoutMs: 1_000,
      writeTimeoutMs: 1_000,
    })
    copies = redisConversationCopies(redis, { maxCopyBytes })
  })
  afterAll(async () => {
    await copies.close()
    await cluster.stop()
  })

  const appendTo = (names: readonly GuestId[], fromSequence: number) =>
    copies.append(names.map(guestId => appendOf(guestId, 0, fromSequence, [`{"n":${fromSequence}}`])))
  const slotOf = async (guestId: GuestId) =>
    Number(await ask(cluster.nodes[0]?.port ?? 0, 'cluster', 'keyslot', `guest:${guestId}`))

  for (const { name, run } of conversationCopiesSuite(async () => ({ copies, maxCopyBytes }))) it(name, run)

  it('is found by one of its nodes alone, and knows all masters', async () => {
    const [first = ''] = cluster.addresses.split(',')
    const other = await connectRedis({ cluster: [first] })
    expect(other.isAvailable).toBe(true)
    expect(await other.masters()).toHaveLength(3)
    expect(await other.usedMemory()).toBeGreaterThan(3_000_000)
    await other.close()
  })

  it('agrees with the cluster about the slot of any key', async () => {
    const keys = ['guest:x', 'a{b}c', '{}x', 'x{}', '{', '}{', 'a{{b}}c', 'ü{é}', '👋', 'x{ü', '{user1000}.following']
    for (const key of keys) {
      expect(redis.groupOf(key)).toBe(Number(await ask(cluster.nodes[0]?.port ?? 0, 'cluster', 'keyslot', key)))
    }
  })

  it('scans the copies of all masters', async () => {
    const scanned = guests.map(name => guest(`scan-${name}`))
    await appendTo(scanned, 0)
    const found = new Set<string>()
    for await (const { guestId, copy } of copies.scan(50)) if (copy?.nextSequence === 1) found.add(guestId)
    for (const name of scanned) expect(found).toContain(name)
  })

  it('follows a slot to another master while it is used, and loses no append', async () => {
    const name = guest('reshard')
    const slot = await slotOf(name)
    await appendTo([name], 0)
    const from = await ownerOf(cluster.nodes[0]?.port ?? 0, slot)
    const to = (await nodesSeenBy(from.port)).find(node => node.isMaster && node.id !== from.id)
    if (to === undefined) throw new Error('There is one master alone.')
    let next = 1
    let done = false
    const writing = (async () => {
      while (!done) {
        const [outcome] = await appendTo([name], next).catch(() => ['absent' as const])
        if (outcome === 'appended' || outcome === 'present') next += 1
        await sleep(1)
      }
    })()
    await moveSlot(slot, from, to, () => sleep(200))
    done = true
    await writing
    expect(await appendTo([name], next)).toEqual(['appended'])
    const [copy] = await copies.read([name])
    expect(JSON.parse(Buffer.from(copy?.json ?? []).toString())).toEqual(
      Array.from({ length: next + 1 }, (_, n) => ({ n })),
    )
    expect(next).toBeGreaterThan(10)
    expect((await ownerOf(to.port, slot)).id).toBe(to.id)
    expect(redis.placeOf(`guest:${name}`)).toBe(`127.0.0.1:${to.port}`)
  })

  it('B3 one master killed harms its own guests alone, and they are served again when its replica has taken over', async () => {
    const away = vi.fn()
    const back = vi.fn()
    redis.events.on('away', away)
    redis.events.on('available', back)
    const moved = guests.map(name => guest(`failover-${name}`))
    expect(new Set(await appendTo(moved, 0))).toEqual(new Set(['appended']))
    const victim = moved[0] as GuestId
    const killing = killMasterOf(cluster, await slotOf(victim))
    await vi.waitFor(() => expect(away).toHaveBeenCalledTimes(1), soon)
    expect(redis.isAvailable).toBe(true)
    const startedAt = performance.now()
    const outcomes = await appendTo(moved, 1)
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    const kept = outcomes.filter(outcome => outcome === 'appended').length
    expect(kept).toBeGreaterThan(100)
    expect(kept).toBeLessThan(moved.length)
    expect((await copies.read(moved)).filter(copy => copy !== undefined).length).toBe(kept)
    await killing
    await vi.waitFor(() => expect(back).toHaveBeenCalledTimes(1), { timeout: 10_000, interval: 10 })
    const [outcome] = await appendTo([victim], 1)
    // Replication is asynchronous: the replica may lack the copy, but it serves.
    expect(['appended', 'absent']).toContain(outcome)
    expect(await copies.drop(victim, 1)).toBe(outcome === 'appended')
  })
})

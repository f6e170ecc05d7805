import { setTimeout as sleep } from 'node:timers/promises'
import { createCluster } from '@redis/client'
import { type RedisTier, redis } from 'reprise/redis'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type RedisCluster, startRedisCluster } from '../../../testbed/servers/redis-cluster.ts'
import { ask, killMasterOf, moveSlot, type NodeLine, nodesSeenBy, ownerOf } from './cluster-cli.ts'
import { bytes, entry, glob, inAMinute, key, listen, mark, noFence, remove, set, soon, textOf, tierOf } from './tier.ts'

const limits = { commandTimeoutMs: 1_000, writeTimeoutMs: 1_000 }
const names = Array.from({ length: 300 }, (_, index) => `n${index}`)
const keys = names.map(name => key(name))

describeWith(['redis-server', 'redis-cli'], 'B2 the tier in a Redis Cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())

  const tier = (options = limits): RedisTier => tierOf({ cluster: cluster.addresses.split(','), ...options })
  const somePort = () => cluster.nodes[0]?.port ?? 0
  const slotOf = async (name: string) => Number(await ask(somePort(), 'cluster', 'keyslot', name))
  async function ownerAndOther(slot: number): Promise<readonly [NodeLine, NodeLine]> {
    const from = await ownerOf(somePort(), slot)
    const to = (await nodesSeenBy(from.port)).find(node => node.isMaster && node.id !== from.id)
    if (to === undefined) throw new Error('There is one master alone.')
    return [from, to]
  }

  it('splits batches of all kinds by slot, and answers in their order', async () => {
    const used = tier()
    const fills = names.map((name, index) => entry(name, `v${index}`, index % 2 === 0 ? noFence : undefined))
    expect(new Set((await used.store.write(fills)).map(({ kind }) => kind))).toEqual(new Set(['stored']))
    const readings = await used.store.read(keys.toReversed())
    const texts = readings.map(reading => (reading.kind === 'entry' ? Buffer.from(reading.bytes).toString() : '-'))
    expect(texts).toEqual(names.map((_, index) => `v${299 - index}`))
    const removed = await used.store.remove(keys.slice(0, 100), inAMinute())
    expect(new Set(removed.map(({ kind }) => kind))).toEqual(new Set(['removed']))
    expect(await set(used, 'n5', 'late', noFence)).toBe('fenced')
    const marks = names.map(name => mark(name))
    const made = await used.store.marks(marks, inAMinute())
    expect(new Set(made).size).toBe(300)
    expect(await used.store.marks(marks, inAMinute())).toEqual(made)
    const found = new Set<string>()
    for await (const some of used.store.scan(glob('app:n*|'))) for (const each of some) found.add(each)
    expect(found.size).toBe(300)
    expect((await used.leases.acquire(key('n1'), 10_000)).kind).toBe('held')
    expect((await used.leases.acquire(key('n1'), 10_000)).kind).toBe('busy')
  })

  it('takes batches of any size', async () => {
    const used = tier({ commandTimeoutMs: 5_000, writeTimeoutMs: 5_000 })
    const many = Array.from({ length: 30_000 }, (_, index) => `many${index}`)
    const written = await used.store.write(many.map(name => entry(name, name)))
    const read = await used.store.read(many.map(name => key(name)))
    expect([new Set(written.map(({ kind }) => kind)), new Set(read.map(({ kind }) => kind))]).toEqual([
      new Set(['stored']),
      new Set(['entry']),
    ])
  })

  it('takes over the settings of a given cluster', async () => {
    const given = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${somePort()}` }] })
    await given.connect()
    onTestFinished(() => given.destroy())
    const used = redis({ client: given, ...limits })
    const end = used.use()
    for (const name of names.slice(0, 20)) expect(await set(used, name, 'given')).toBe('stored')
    await end()
    expect(await given.sendCommand('reprise:entry:app:n1|', true, ['EXISTS', 'reprise:entry:app:n1|'])).toBe(1)
    expect(() => redis({ client: createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }) })).toThrow(
      'not connected',
    )
  })

  it('reads batches while their slot is on its way to another master', async () => {
    const used = tier()
    const tagged = Array.from({ length: 20 }, (_, index) => `{moving}${index}`)
    await used.store.write(tagged.map(name => entry(name, name)))
    const slot = await slotOf('moving')
    const [from, to] = await ownerAndOther(slot)
    await moveSlot(slot, from, to, async () => {
      const readings = await used.store.read(tagged.map(name => key(name)))
      expect(readings.map(reading => reading.kind === 'entry' && Buffer.from(reading.bytes).toString())).toEqual(tagged)
      const written = await used.store.write(
        tagged.map(name => ({ ...entry(name, name), bytes: bytes(`new ${name}`) })),
      )
      expect(new Set(written.map(({ kind }) => kind))).toEqual(new Set(['stored']))
      const found = new Set<string>()
      for await (const some of used.store.scan(glob('app:{moving}*|'))) for (const each of some) found.add(each)
      expect(found.size).toBe(20)
    })
    for (const name of tagged) expect(await textOf(used, name)).toBe(`new ${name}`)
    expect(
      (
        await used.store.remove(
          tagged.map(name => key(name)),
          inAMinute(),
        )
      ).map(({ kind }) => kind),
    ).toEqual(tagged.map(() => 'removed'))
  })

  it('goes on listening to a channel whose slot moves to another master', async () => {
    const used = tier()
    const { told } = listen(used, 'travelling')
    await expect.poll(() => told, soon).toEqual(['(listening)'])
    await used.bus.publish('travelling', 'before')
    const slot = await slotOf('reprise:bus:travelling')
    const [from, to] = await ownerAndOther(slot)
    await moveSlot(slot, from, to)
    await expect.poll(() => told, soon).toHaveLength(4)
    await used.bus.publish('travelling', 'after')
    await expect.poll(() => told, soon).toEqual(['(listening)', 'before', '(deaf)', '(listening)', 'after'])
  })

  it('delivers on the bus over processes, and stays at a master when it hands over to its replica', async () => {
    const [one, two] = [tier(), tier()]
    const { told } = listen(two, 'handed')
    await expect.poll(() => told, soon).toEqual(['(listening)'])
    const sent = Array.from({ length: 2_000 }, (_, n) => `${n}`)
    await Promise.all(sent.map(text => one.bus.publish('handed', text)))
    await expect.poll(() => told.slice(1), soon).toEqual(sent)
    const owner = await ownerOf(somePort(), await slotOf('reprise:bus:handed'))
    const lines = (await ask(somePort(), 'cluster', 'nodes')).split('\n')
    const replica = Number(/:(\d+)@/.exec(lines.find(line => line.split(' ')[3] === owner.id) ?? '')?.[1])
    await ask(replica, 'cluster', 'failover')
    const ownerNow = async () => (await ownerOf(replica, await slotOf('reprise:bus:handed'))).port
    await expect.poll(ownerNow, soon).toBe(replica)
    await expect.poll(() => told.at(-1), soon).toBe('(listening)')
    await expect.poll(() => one.bus.publish('handed', 'after').then(() => told.at(-1)), soon).toBe('after')
    expect(told.slice(1, -1).filter(text => text.startsWith('('))).toEqual(['(deaf)', '(listening)'])
  })

  it('B3 one master killed: its keys alone are unavailable, at once, until its replica has taken over', async () => {
    const used = tier()
    await used.store.write(names.map(name => entry(name, 'x')))
    const before = await used.store.life()
    const { told } = listen(used, 'killed')
    await expect.poll(() => told, soon).toEqual(['(listening)'])
    const slot = await slotOf('reprise:bus:killed')
    const killing = killMasterOf(cluster, slot)
    await expect.poll(() => told, soon).toEqual(['(listening)', '(deaf)'])
    const startedAt = performance.now()
    const kinds = (await used.store.read(keys)).map(({ kind }) => kind)
    expect(performance.now() - startedAt).toBeLessThan(1_200)
    const away = kinds.filter(kind => kind === 'unavailable').length
    expect(away).toBeGreaterThan(20)
    expect(away).toBeLessThan(200)
    expect(await used.store.life()).not.toEqual(before)
    await killing
    await expect
      .poll(async () => (await used.store.read(keys)).filter(({ kind }) => kind === 'unavailable').length, {
        timeout: 8_000,
      })
      .toBe(0)
    await expect.poll(() => told, soon).toEqual(['(listening)', '(deaf)', '(listening)'])
    await used.bus.publish('killed', 'after')
    await expect.poll(() => told.at(-1), soon).toBe('after')
    expect(await used.store.life()).not.toEqual(before)
    expect(await remove(used, 'n1')).toMatch(/removed|absent/)
  })

  it('B3 one master stalled: its keys alone cost one limit, then nothing', async () => {
    const used = tier({ commandTimeoutMs: 150, writeTimeoutMs: 150 })
    await used.store.write(names.map(name => entry(name, 'x')))
    const { port } = await ownerOf(somePort(), await slotOf('reprise:entry:app:n1|')).catch(() =>
      ownerOf(cluster.nodes[1]?.port ?? 0, 0),
    )
    const server = cluster.nodes.find(node => node.port === port)
    server?.pause()
    onTestFinished(() => server?.resume())
    const first = performance.now()
    const kinds = (await used.store.read(keys)).map(({ kind }) => kind)
    expect(performance.now() - first).toBeLessThan(400)
    expect(kinds).toContain('entry')
    expect(kinds).toContain('unavailable')
    const next = performance.now()
    await used.store.read(keys)
    expect(performance.now() - next).toBeLessThan(150)
    server?.resume()
    await sleep(500)
    await expect
      .poll(async () => (await used.store.read(keys)).filter(({ kind }) => kind === 'unavailable').length, {
        timeout: 8_000,
      })
      .toBe(0)
  })
})

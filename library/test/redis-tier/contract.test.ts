import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type RedisTierOptions, redis } from 'reprise/redis'
import { busSuite, leaseSuite, storeSuite } from 'reprise/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { startRedisCluster } from '../../../testbed/servers/redis-cluster.ts'

const limits = { commandTimeoutMs: 5_000, writeTimeoutMs: 5_000 }

interface Place extends AsyncDisposable {
  readonly options: RedisTierOptions
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  'a Redis': async () => {
    const server = await startRedis()
    return { options: { url: server.url }, [Symbol.asyncDispose]: () => server.stop() }
  },
  'a Redis over TLS': async () => {
    const server = await startRedis({ tls: true })
    if (server.caFile) setDefaultCACertificates([...getCACertificates(), readFileSync(server.caFile, 'utf8')])
    return { options: { url: server.url }, [Symbol.asyncDispose]: () => server.stop() }
  },
  'a Redis Cluster of six': async () => {
    const cluster = await startRedisCluster()
    return { options: { cluster: cluster.addresses.split(',') }, [Symbol.asyncDispose]: () => cluster.stop() }
  },
}

for (const [name, start] of Object.entries(places)) {
  describeWith(['redis-server', 'redis-cli', 'openssl'], `B2 the tier in ${name}`, () => {
    let place: Place
    let prefixes = 0
    beforeAll(async () => {
      place = await start()
    })
    afterAll(() => place[Symbol.asyncDispose]())

    /** Two processes' views of a tier of which nothing is kept yet. */
    async function open() {
      prefixes += 1
      const options = { ...place.options, ...limits, prefix: `suite-${prefixes}:` }
      const [one, two] = [redis(options), redis(options)]
      const ends = [one.use(), two.use()]
      return { one, two, close: async () => void (await Promise.all(ends.map(end => end()))) }
    }

    describe('keeps what every store promises', () => {
      const suite = storeSuite(async () => {
        const { one, two, close } = await open()
        return { store: one.store, other: two.store, now: Date.now, pass: ms => sleep(ms), close }
      })
      for (const { name: promise, run } of suite) it(promise, run)
    })

    describe('keeps what every bus promises', () => {
      const suite = busSuite(async () => {
        const { one, two, close } = await open()
        return { bus: one.bus, other: two.bus, close }
      })
      for (const { name: promise, run } of suite) it(promise, run)
    })

    describe('keeps what all leases promise', () => {
      const suite = leaseSuite(async () => {
        const { one, two, close } = await open()
        return { leases: one.leases, other: two.leases, pass: ms => sleep(ms), close }
      })
      for (const { name: promise, run } of suite) it(promise, run)
    })
  })
}

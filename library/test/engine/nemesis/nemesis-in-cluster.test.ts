import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { afterAll, beforeAll, it, onTestFinished } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import type { RedisServer } from '../../../../testbed/servers/redis.ts'
import { type RedisCluster, startRedisCluster } from '../../../../testbed/servers/redis-cluster.ts'
import { ask } from '../../redis-tier/cluster-cli.ts'
import { playAgainst, usualPlayMs } from './play-against.ts'

const partitionGraceMs = 300

describeWith(['redis-server', 'redis-cli'], '1 and 5 nothing outdated is served while nodes of a cluster fail', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster?.stop())

  const someNode = () => cluster.nodes[Math.floor(Math.random() * cluster.nodes.length)] as RedisServer
  const told = (node: RedisServer) => `node ${cluster.nodes.indexOf(node)}`
  const roleOf = async ({ port }: RedisServer) => (await ask(port, 'role').catch(() => '')).split('\n')[0]

  const faults = {
    'a node stalls': async () => {
      const node = someNode()
      node.pause()
      await sleep(300)
      node.resume()
      return told(node)
    },
    'a replica takes over in good order': async () => {
      const node = someNode()
      if ((await roleOf(node)) !== 'slave') return 'no replica'
      await ask(node.port, 'cluster', 'failover').catch(() => '')
      await sleep(300)
      return told(node)
    },
    'all connections to a node are thrown out': async () => {
      const node = someNode()
      await ask(node.port, 'client', 'kill', 'type', 'normal').catch(() => '')
      await ask(node.port, 'client', 'kill', 'type', 'pubsub').catch(() => '')
      return told(node)
    },
    'a master is restarted with its latest state': async () => {
      const node = someNode()
      if ((await roleOf(node)) !== 'master') return 'no master'
      await ask(node.port, 'save').catch(() => '')
      await node.restart()
      await sleep(300)
      return told(node)
    },
  }

  it('1 5 nodes that stall, hand over, and are restarted', { timeout: usualPlayMs + 60_000 }, async () => {
    const caches = Array.from({ length: 3 }, () => {
      const tier = redis({ cluster: cluster.addresses.split(','), connectTimeoutMs: 500 })
      const cache = createCache({ name: 'app', redis: tier, partitionGrace: partitionGraceMs, deadline: '20s' })
      onTestFinished(() => cache.close())
      return cache
    })
    // A handover may lose what was written just before, and a restart what came after the snapshot.
    await playAgainst({ caches, faults, playMs: usualPlayMs, isRedisTrue: false, partitionGraceMs })
  })
})

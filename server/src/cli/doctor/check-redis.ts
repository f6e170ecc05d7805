import { createClient } from '@redis/client'
import { messageOf } from 'reprise'
import type { Settings } from '../../config/settings-table.ts'
import { clockFinding } from './check-clock.ts'
import { type Finding, failed, ok, patienceMs, warning } from './finding.ts'

const oldestVersion = 7

/** Looks at the Redis, or at each named node of the cluster; nothing where none is wanted. */
export async function checkRedis(settings: Settings): Promise<Finding[]> {
  const { redisUrl, redisClusterNodes, enableRedisCache, enableCache } = settings
  if (!enableCache) return [ok('Redis', 'not used: ENABLE_CACHE=false')]
  if (!enableRedisCache) return [ok('Redis', 'not used: ENABLE_REDIS_CACHE=false')]
  if (redisClusterNodes !== undefined) {
    const urls = redisClusterNodes.map(node => (node.includes('://') ? node : `redis://${node}`))
    return (await Promise.all(urls.map(url => checkNode(url, true)))).flat()
  }
  if (redisUrl === undefined) return [ok('Redis', 'none: the memory of each process serves')]
  return checkNode(redisUrl, false)
}

type Node = Awaited<ReturnType<typeof openNode>>

function openNode(url: string) {
  const client = createClient({
    url,
    socket: { connectTimeout: patienceMs, reconnectStrategy: false },
    commandOptions: { timeout: patienceMs },
  })
  client.on('error', () => undefined)
  return client
}

async function checkNode(url: string, inCluster: boolean): Promise<Finding[]> {
  const { host, hostname, protocol } = new URL(url)
  const client = openNode(url)
  try {
    await client.connect()
    const askedAt = Date.now()
    const [seconds, microseconds] = await client.sendCommand<string[]>(['TIME'])
    const answeredAt = Date.now()
    const facts = factsOf(await client.sendCommand<string>(['INFO']))
    return [
      ok('Redis', `${host} answers`),
      version(facts),
      ...role(facts),
      await cluster(client, facts, inCluster),
      ...eviction(facts),
      clockFinding('Redis', askedAt, Number(seconds) * 1_000 + Number(microseconds) / 1_000, answeredAt),
      encryption(protocol, hostname),
    ]
  } catch (error) {
    const reason = messageOf(error) || 'no answer'
    return [failed('Redis', `${host} cannot be used: ${reason}`, adviceOn(reason, protocol))]
  } finally {
    if (client.isOpen) client.destroy()
  }
}

type Facts = ReadonlyMap<string, string>

/** The lines `name:value` of INFO. */
function factsOf(info: string): Facts {
  const lines = info.split('\r\n').filter(line => line.includes(':'))
  return new Map(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

function version(facts: Facts): Finding {
  const found = facts.get('redis_version') ?? 'unknown'
  if (Number.parseInt(found, 10) >= oldestVersion) return ok('Redis version', found)
  return failed('Redis version', found, `Version ${oldestVersion} or newer is needed.`)
}

function role(facts: Facts): Finding[] {
  if (facts.get('role') !== 'slave') return []
  const primary = `${facts.get('master_host')}:${facts.get('master_port')}`
  return [failed('Redis role', 'a replica, which takes no writes', `Name the primary: ${primary}`)]
}

async function cluster(client: Node, facts: Facts, inCluster: boolean): Promise<Finding> {
  const isCluster = facts.get('cluster_enabled') === '1'
  if (!inCluster) {
    if (!isCluster) return ok('Redis Cluster', 'none')
    return failed(
      'Redis Cluster',
      'this is a node of a cluster',
      'Set REDIS_CLUSTER_NODES to its nodes, and not REDIS_URL.',
    )
  }
  if (!isCluster) {
    return failed('Redis Cluster', 'this Redis is in no cluster', 'Set REDIS_URL to it, and not REDIS_CLUSTER_NODES.')
  }
  const state = factsOf(await client.sendCommand<string>(['CLUSTER', 'INFO']))
  if (state.get('cluster_state') === 'ok')
    return ok('Redis Cluster', `${state.get('cluster_size')} primaries, all slots served`)
  const served = state.get('cluster_slots_ok')
  return failed(
    'Redis Cluster',
    `${served} of 16384 slots are served`,
    'Look which nodes are down: redis-cli cluster nodes',
  )
}

function eviction(facts: Facts): Finding[] {
  const [policy = '', bound = '0'] = [facts.get('maxmemory_policy'), facts.get('maxmemory')]
  if (bound === '0') {
    return [
      warning(
        'Redis memory',
        'has no bound: it grows until the machine has none left',
        'redis-cli CONFIG SET maxmemory 256mb && redis-cli CONFIG SET maxmemory-policy allkeys-lru',
      ),
    ]
  }
  const found = `${facts.get('maxmemory_human')} at most, ${policy}`
  if (policy !== 'noeviction') return [ok('Redis memory', found)]
  return [
    warning(
      'Redis memory',
      `${found}: once full it refuses writes, and nothing more is cached`,
      'redis-cli CONFIG SET maxmemory-policy allkeys-lru',
    ),
  ]
}

function encryption(protocol: string, hostname: string): Finding {
  if (protocol === 'rediss:') return ok('Redis encryption', 'TLS')
  if (/^(?:localhost|127\.|\[?::1)/.test(hostname)) return ok('Redis encryption', 'none, on this machine')
  return warning(
    'Redis encryption',
    `what goes to ${hostname} can be read on its way`,
    'Unless that network is yours alone, use rediss:// and a port with TLS.',
  )
}

function adviceOn(reason: string, protocol: string): string {
  if (/NOAUTH/.test(reason)) return 'It asks for a password: redis://:PASSWORD@host:port'
  if (/WRONGPASS|invalid password/.test(reason))
    return 'The password or user is wrong. Is it URL-encoded? @ is written %40.'
  if (/NOPERM/.test(reason)) return 'This user lacks rights: ACL SETUSER … +@all ~*'
  if (/ECONNREFUSED/.test(reason)) return 'Nothing listens there. Does it run, and on that port? redis-cli ping'
  if (/ENOTFOUND|EAI_AGAIN/.test(reason)) return 'That name means nothing here. Look for a slip in the address.'
  if (/certificate|self.signed/i.test(reason))
    return 'Its certificate is not trusted here: NODE_EXTRA_CA_CERTS=/path/to/ca.pem'
  if (/wrong version number|packet length|before secure TLS/i.test(reason))
    return 'That port speaks no TLS: use redis:// or its TLS port.'
  return protocol === 'redis:'
    ? 'Does that port ask for TLS? Then use rediss://. A firewall that swallows packets looks like no answer.'
    : 'Perhaps that port speaks no TLS: then use redis://. A firewall that swallows packets looks alike.'
}

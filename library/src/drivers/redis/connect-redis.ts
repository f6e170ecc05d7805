import { type Clock, systemClock } from '../../base/clock.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import { redisCluster } from './cluster/redis-cluster.ts'
import type { Redis, UnavailableCode } from './connection/redis.ts'
import {
  addressesOf,
  addressOf,
  type GivenClient,
  isGivenCluster,
  parseClusterNode,
} from './connection/redis-access.ts'
import { parseRedisUrl } from './connection/redis-url.ts'
import { type StartableRedis, singleRedis } from './connection/single-redis.ts'

/** Where Redis is: exactly one of `url`, `cluster` and `client`. */
export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS (further CAs by NODE_EXTRA_CA_CERTS). */
  readonly url?: string
  /**
   * Some nodes of a Redis Cluster (7 or newer), each `host:port`, or a URL such as `rediss://user:password@host:port` where
   * TLS or a password is needed; the other nodes are found by asking, and reached as the first one is.
   */
  readonly cluster?: readonly string[]
  /**
   * A client or connected cluster of @redis/client 6, whose settings are taken over. It is left alone: connections of our
   * own are opened, so that neither its commands nor ours wait for the other's.
   */
  readonly client?: GivenClient
  /** Connecting and the handshake take this long at most; so does the silence of a stalled Redis before its connection is given up. Default 2000. */
  readonly connectTimeoutMs?: number
  /** How long a reading command waits at most. Default 100. */
  readonly commandTimeoutMs?: number
  /** How long a writing command waits at most. Default 250. */
  readonly writeTimeoutMs?: number
  readonly clock?: Clock
}

/**
 * Connects to Redis. Resolves once the first attempt has succeeded or failed; afterwards it reconnects by itself.
 * @throws RepriseError `invalid_setting` when the URL or a node cannot be used; never because Redis is away
 * @example const redis = await connectRedis({ url: 'redis://127.0.0.1:6379' })
 */
export async function connectRedis(options: RedisOptions): Promise<Redis> {
  const redis = openRedis(options, 'copy_unavailable')
  // Being away is told by the first call.
  await redis.start().catch(() => undefined)
  return redis
}

/** The same, but nothing starts before the first call or `start`. */
export function openRedis(options: RedisOptions, code: UnavailableCode): StartableRedis {
  const { connectTimeoutMs = 2_000, commandTimeoutMs = 100, writeTimeoutMs = 250, clock = systemClock } = options
  const limits = { connectMs: connectTimeoutMs, readMs: commandTimeoutMs, writeMs: writeTimeoutMs }
  const { url, cluster, client } = options
  if ([url, cluster, client].filter(given => given !== undefined).length !== 1) {
    throw new RepriseError('invalid_setting', 'Redis is named by one of url, cluster and client.', { field: 'url' })
  }
  if (client !== undefined) {
    return isGivenCluster(client)
      ? redisCluster(addressesOf(client), limits, clock, code)
      : singleRedis(addressOf(client), limits, clock, code)
  }
  if (url !== undefined) {
    const { url: checked, place } = parseRedisUrl(url)
    return singleRedis({ access: { url: checked }, place }, limits, clock, code)
  }
  const [first, ...others] = (cluster ?? []).map(parseClusterNode)
  if (first === undefined) {
    throw new RepriseError('invalid_setting', 'The list of the nodes of the Redis Cluster is empty.', {
      field: 'REDIS_CLUSTER_NODES',
    })
  }
  return redisCluster([first, ...others], limits, clock, code)
}

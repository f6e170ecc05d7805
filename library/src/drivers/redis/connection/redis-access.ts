import { RepriseError } from '../../../base/reprise-error.ts'
import type { RedisAccess } from './redis-connection.ts'
import { parseRedisUrl } from './redis-url.ts'

/** One server: how it is reached, and its host and port for messages (a URL may hold a password). */
export interface RedisAddress {
  readonly access: RedisAccess
  readonly place: string
}

/** A client of @redis/client, or a connected cluster: its settings are taken over, its connections are left alone. */
export type GivenClient = GivenSingle | GivenCluster

interface GivenSingle {
  readonly options?: RedisAccess | undefined
}

interface GivenCluster {
  readonly masters: readonly {
    readonly host: string
    readonly port: number
    readonly client?: GivenSingle | undefined
  }[]
}

export function isGivenCluster(client: GivenClient): client is GivenCluster {
  return 'masters' in client
}

/**
 * How the server of a client is reached.
 * @throws RepriseError `invalid_option` when it does not tell
 */
export function addressOf(client: GivenSingle): RedisAddress {
  const { options } = client
  if (options === undefined) throw unusableClient('does not tell its options')
  const { socket, username, password, credentialsProvider, name, database } = options
  const kept = Object.entries({ socket, username, password, credentialsProvider, name, database })
  const access: RedisAccess = Object.fromEntries(kept.filter(([, value]) => value !== undefined))
  const port = socket !== undefined && 'port' in socket && socket.port !== undefined ? Number(socket.port) : 6379
  return { access, place: placeOf(hostOf({ access, place: '' }), port) }
}

/**
 * How the masters of a cluster are reached.
 * @throws RepriseError `invalid_option` when it is not connected to any
 */
export function addressesOf({ masters }: GivenCluster): readonly [RedisAddress, ...RedisAddress[]] {
  const connected = masters.find(({ client }) => client?.options !== undefined)
  if (connected?.client === undefined) throw unusableClient('is not connected')
  const { access } = addressOf(connected.client)
  const place = placeOf(connected.host, connected.port)
  const first = neighbour({ access, place }, connected.host, connected.port)
  return [first, ...masters.filter(other => other !== connected).map(({ host, port }) => neighbour(first, host, port))]
}

/**
 * Reads a node of a Redis Cluster: `host:port`, or a URL where TLS or a password is needed.
 * @throws RepriseError `invalid_setting`
 */
export function parseClusterNode(text: string): RedisAddress {
  if (/^rediss?:\/\//.test(text)) {
    const { url, place } = parseRedisUrl(text)
    return { access: withoutDatabase(url), place }
  }
  const [, bracketed, bare, port] = /^(?:\[([^\]]+)\]|([^:[\]@/]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? bare
  if (host === undefined || Number(port) > 65_535 || Number(port) === 0) throw unusableNode()
  return { access: { socket: { host, port: Number(port) } }, place: text }
}

function withoutDatabase(text: string): RedisAccess {
  const url = new URL(text)
  const [host, port] = [url.hostname.replace(/^\[|\]$/g, ''), Number(url.port || 6379)]
  const [username, password] = [url.username, url.password].map(decodeURIComponent)
  return {
    socket: url.protocol === 'rediss:' ? { host, port, tls: true } : { host, port },
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  }
}

/** Another node of the same cluster, reached as the one that told of it is. */
export function neighbour(known: RedisAddress, host: string, port: number): RedisAddress {
  // Host and port replace those of a TCP or TLS socket; clusters have no others.
  const socket = { ...known.access.socket, host, port } as NonNullable<RedisAccess['socket']>
  return { access: { ...known.access, socket }, place: placeOf(host, port) }
}

export function placeOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export function hostOf(address: RedisAddress): string {
  const { socket } = address.access
  return socket !== undefined && 'host' in socket && typeof socket.host === 'string' ? socket.host : '127.0.0.1'
}

function unusableClient(reason: string): RepriseError {
  return new RepriseError(
    'invalid_option',
    `The given client ${reason}. Give a client or a connected cluster of @redis/client 6.`,
    { field: 'client' },
  )
}

function unusableNode(): RepriseError {
  return new RepriseError(
    'invalid_setting',
    'A node of the Redis Cluster is neither host:port nor a URL. Give nodes such as 10.0.0.1:6379,10.0.0.2:6379, or rediss://user:password@host:6379 for TLS.',
    { field: 'REDIS_CLUSTER_NODES' },
  )
}

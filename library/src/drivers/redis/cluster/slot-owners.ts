import type { RedisReply } from '../connection/redis-connection.ts'
import { slotCount } from './key-slot.ts'

export interface NodePlace {
  readonly host: string
  readonly port: number
}

/** Which master has which slots, as one node of the cluster sees it. */
export interface SlotOwners {
  readonly masters: readonly NodePlace[]
  readonly replicas: readonly NodePlace[]
  /** Of each slot the index of its master, or -1. */
  readonly ownerOf: Int16Array
}

/**
 * Reads the answer of CLUSTER SLOTS; undefined where it is none. A node that does not know its own address leaves it out:
 * then it is the host that was asked.
 */
export function readSlotOwners(reply: RedisReply, askedHost: string): SlotOwners | undefined {
  if (!Array.isArray(reply) || reply.length === 0) return undefined
  const masters: NodePlace[] = []
  const replicas: NodePlace[] = []
  const ownerOf = new Int16Array(slotCount).fill(-1)
  for (const range of reply as readonly RedisReply[]) {
    if (!Array.isArray(range)) return undefined
    const [from, to, master, ...others]: RedisReply[] = range
    const place = readPlace(master, askedHost)
    if (typeof from !== 'number' || typeof to !== 'number' || place === undefined) return undefined
    ownerOf.fill(indexIn(masters, place), from, to + 1)
    for (const other of others) {
      const replica = readPlace(other, askedHost)
      if (replica !== undefined) indexIn(replicas, replica)
    }
  }
  return { masters, replicas, ownerOf }
}

function readPlace(node: RedisReply | undefined, askedHost: string): NodePlace | undefined {
  if (!Array.isArray(node)) return undefined
  const [host, port]: RedisReply[] = node
  if (typeof port !== 'number') return undefined
  const name = host === null || host === undefined ? '' : String(host)
  return { host: name === '' || name === '?' ? askedHost : name, port }
}

function indexIn(places: NodePlace[], place: NodePlace): number {
  const index = places.findIndex(({ host, port }) => host === place.host && port === place.port)
  return index < 0 ? places.push(place) - 1 : index
}

import type { Clock } from '../../../base/clock.ts'
import { hostOf, neighbour, placeOf, type RedisAddress } from '../connection/redis-access.ts'
import { openConnection } from '../connection/redis-connection.ts'
import type { RedisLimits } from '../connection/redis-node.ts'
import type { ClusterNodes } from './cluster-nodes.ts'
import { type NodePlace, readSlotOwners, type SlotOwners } from './slot-owners.ts'

export interface ClusterTopologyParts {
  /** The nodes that were named at the beginning; they are asked again when nobody else answers. */
  readonly seeds: readonly RedisAddress[]
  readonly nodes: ClusterNodes
  readonly limits: RedisLimits
  readonly clock: Clock
  /** Ends all asking. */
  readonly signal: AbortSignal
}

/** Who has which slots, as far as it is known. */
export interface ClusterTopology {
  readonly masters: readonly NodePlace[]
  /** Whether each slot has a master and each master is available. */
  readonly isWhole: boolean
  ownerOf(slot: number): NodePlace | undefined
  /** Notes what a redirection told. */
  move(slot: number, to: NodePlace): void
  /**
   * Asks the cluster; all who ask meanwhile share one answer.
   * @throws Error when no node answers
   */
  refresh(): Promise<void>
}

/** How much later each further node is asked for the slots while the others are silent. */
const turnMs = 40

const nowhere: SlotOwners = { masters: [], replicas: [], ownerOf: new Int16Array() }

export function clusterTopology({ seeds, nodes, limits, clock, signal }: ClusterTopologyParts): ClusterTopology {
  const [firstSeed] = seeds
  let owners = nowhere
  let refreshing: Promise<void> | undefined

  /** Over the connections that stand, one after the other; where none answers, of all places ever told. */
  async function ask(): Promise<SlotOwners> {
    for (const { host, port } of startingAnywhere(owners.masters)) {
      const node = nodes.known(placeOf(host, port))
      if (!node?.isAvailable) continue
      const reply = await node.run(['CLUSTER', 'SLOTS'], limits.readMs).catch(() => null)
      const seen = readSlotOwners(reply, host)
      if (seen !== undefined) return seen
    }
    const told = [...owners.masters, ...owners.replicas].flatMap(({ host, port }) =>
      firstSeed === undefined ? [] : [neighbour(firstSeed, host, port)],
    )
    return askInTurn([...new Map([...seeds, ...told].map(address => [address.place, address])).values()])
  }

  /** Each place a moment after the one before; the first good answer counts. */
  async function askInTurn(places: readonly RedisAddress[]): Promise<SlotOwners> {
    const answered = new AbortController()
    const asking = places.map(async (address, turn) => {
      await clock.sleep(turn * turnMs, answered.signal)
      answered.signal.throwIfAborted()
      return askAnew(address)
    })
    try {
      return await Promise.any(asking)
    } catch (error) {
      throw error instanceof AggregateError ? (error.errors[0] ?? error) : error
    } finally {
      answered.abort()
    }
  }

  async function askAnew(address: RedisAddress): Promise<SlotOwners> {
    const connection = await openConnection({ access: address.access, limitMs: limits.connectMs, clock, signal })
    try {
      const seen = readSlotOwners(await connection.run(['CLUSTER', 'SLOTS']), hostOf(address))
      if (seen === undefined) throw new Error(`${address.place} belongs to no cluster that serves.`)
      return seen
    } finally {
      connection.close(new Error('The topology was read.'))
    }
  }

  async function renew(): Promise<void> {
    owners = await ask()
    nodes.keepOnly(new Set(owners.masters.map(({ host, port }) => placeOf(host, port))))
    for (const master of owners.masters) void nodes.at(master).start()
  }

  return {
    get masters() {
      return owners.masters
    },
    get isWhole() {
      const { masters, ownerOf } = owners
      return masters.length > 0 && masters.every(place => nodes.at(place).isAvailable) && !ownerOf.includes(-1)
    },
    ownerOf: slot => owners.masters[owners.ownerOf[slot] ?? -1],
    move: (slot, to) => {
      const known = owners.masters.findIndex(({ host, port }) => host === to.host && port === to.port)
      const masters = known < 0 ? [...owners.masters, to] : owners.masters
      owners.ownerOf[slot] = known < 0 ? masters.length - 1 : known
      owners = { ...owners, masters }
    },
    refresh: () => {
      refreshing ??= renew().finally(() => {
        refreshing = undefined
      })
      return refreshing
    },
  }
}

/** The places in their order, from a random one on, so that many processes do not all ask the same node. */
function startingAnywhere(places: readonly NodePlace[]): readonly NodePlace[] {
  const from = Math.floor(Math.random() * places.length)
  return [...places.slice(from), ...places.slice(0, from)]
}

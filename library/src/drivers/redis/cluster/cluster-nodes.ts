import type { Clock } from '../../../base/clock.ts'
import type { Patience } from '../connection/patience.ts'
import { neighbour, placeOf, type RedisAddress } from '../connection/redis-access.ts'
import { type RedisLimits, type RedisNode, redisNode } from '../connection/redis-node.ts'
import type { NodePlace } from './slot-owners.ts'

export interface ClusterNodesParts {
  readonly limits: RedisLimits
  readonly clock: Clock
  readonly patience: Patience
  readonly onChange: (place: string, away: Error | undefined) => void
}

/** The nodes of a cluster that are talked to, by `host:port`; each connects when it is first asked. */
export interface ClusterNodes {
  at(place: NodePlace): RedisNode
  known(place: string): RedisNode | undefined
  /** Lets go of all others, a moment later: calls to them may be under way. */
  keepOnly(places: ReadonlySet<string>): void
  close(): Promise<void>
}

const farewellMs = 1_000

/** @param seed tells how nodes are reached: as whom, and whether by TLS */
export function clusterNodes(seed: RedisAddress, parts: ClusterNodesParts): ClusterNodes {
  const { limits, clock, patience, onChange } = parts
  const nodes = new Map<string, RedisNode>()
  return {
    at: ({ host, port }) => {
      const place = placeOf(host, port)
      const known = nodes.get(place)
      if (known !== undefined) return known
      const { access } = neighbour(seed, host, port)
      const node = redisNode({ access, place, limits, clock, patience, onChange: away => onChange(place, away) })
      nodes.set(place, node)
      return node
    },
    known: place => nodes.get(place),
    keepOnly: places => {
      for (const [place, node] of nodes) {
        if (places.has(place)) continue
        nodes.delete(place)
        void clock.sleep(farewellMs).then(() => node.close())
      }
    },
    close: async () => {
      await Promise.all([...nodes.values()].map(node => node.close()))
      nodes.clear()
    },
  }
}

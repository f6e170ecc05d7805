import { Announcer } from '../../../base/announcer.ts'
import type { Clock } from '../../../base/clock.ts'
import { patience } from '../connection/patience.ts'
import {
  type CommandKind,
  type Redis,
  type RedisEvents,
  type RedisMaster,
  type UnavailableCode,
  unavailable,
  usedMemoryOf,
} from '../connection/redis.ts'
import { placeOf, type RedisAddress } from '../connection/redis-access.ts'
import type { RedisArgument, RedisReply } from '../connection/redis-connection.ts'
import type { RedisLimits, RedisNode } from '../connection/redis-node.ts'
import type { StartableRedis } from '../connection/single-redis.ts'
import { clusterNodes } from './cluster-nodes.ts'
import { clusterTopology } from './cluster-topology.ts'
import { keySlot } from './key-slot.ts'
import { redirectionOf } from './redirection.ts'

/** How often a call follows the cluster's word that its key is elsewhere. */
const maxRedirections = 8
/** How often, and after which pause, a call asks again for keys that are on their way; the pauses double. */
const maxRepetitions = 4
const firstPauseMs = 2
/** How long after the last answer the cluster is asked again while it is not whole; the pauses double up to a cap. */
const firstHealPauseMs = 125
const longestHealPauseMs = 2_000

/** A Redis Cluster, whose nodes come, go and take over from each other. The first of the seeds tells how nodes are reached. */
export function redisCluster(
  seeds: readonly [RedisAddress, ...RedisAddress[]],
  limits: RedisLimits,
  clock: Clock,
  code: UnavailableCode,
): StartableRedis {
  const events = new Announcer<RedisEvents>()
  const stopping = new AbortController()
  const waits = patience(clock)
  const nodes = clusterNodes(seeds[0], { limits, clock, patience: waits, onChange: look })
  const topology = clusterTopology({ seeds, nodes, limits, clock, signal: stopping.signal })
  const name = seeds.map(({ place }) => place).join(',')
  let whole = false
  let awaySinceMs = clock.monotonicMs()
  let healing = false
  let starting: Promise<void> | undefined
  let reason = new Error('No connection was made yet.')

  /** Announces when the cluster became whole or broke, and heals it. */
  function look(_place?: string, away?: Error): void {
    if (stopping.signal.aborted) return
    const before = whole
    whole = topology.isWhole
    if (away !== undefined) reason = away
    if (whole && !before) events.announce('available', { awayMs: clock.monotonicMs() - awaySinceMs })
    if (!whole && before) {
      awaySinceMs = clock.monotonicMs()
      events.announce('away', { reason })
    }
    if (!whole) void heal()
  }

  async function heal(): Promise<void> {
    if (healing || starting === undefined) return
    healing = true
    for (let tries = 0; !whole && !stopping.signal.aborted; tries += 1) {
      const longest = Math.min(longestHealPauseMs, firstHealPauseMs * 2 ** tries)
      await clock.sleep(longest * (0.5 + Math.random() / 2), stopping.signal)
      if (!stopping.signal.aborted) await refresh()
    }
    healing = false
  }

  async function refresh(): Promise<void> {
    await topology.refresh().catch((error: Error) => {
      reason = error
    })
    look()
  }

  /** Resolves when the slots are known, or nobody could tell. */
  function begin(): Promise<void> {
    starting ??= refresh()
    return starting
  }

  async function start(): Promise<void> {
    await begin()
    await Promise.all(topology.masters.map(place => nodes.at(place).start()))
  }

  function nodeFor(key: string | undefined): RedisNode | undefined {
    if (key === undefined) {
      const all = topology.masters.map(place => nodes.at(place))
      return all.find(node => node.isAvailable) ?? all[0]
    }
    const owner = topology.ownerOf(keySlot(key))
    return owner && nodes.at(owner)
  }

  async function follow(args: readonly RedisArgument[], key: string | undefined, limitMs: number): Promise<RedisReply> {
    const dueAt = clock.monotonicMs() + limitMs
    if (topology.masters.length === 0) {
      await waits.wait(begin(), limitMs, () => new Error(`No node answered within ${limitMs} ms.`))
    }
    let node = nodeFor(key)
    let asking = false
    let error: unknown = topology.masters.length === 0 ? reason : new Error('No node has the slot of the key.')
    for (let tries = 0; node !== undefined && tries <= maxRedirections; tries += 1) {
      const leftMs = tries === 0 ? limitMs : dueAt - clock.monotonicMs()
      if (leftMs <= 0) break
      try {
        return await node.run(args, leftMs, asking)
      } catch (refusal) {
        error = refusal
      }
      const redirection = redirectionOf(error, node.place.slice(0, node.place.lastIndexOf(':')))
      if (redirection === undefined) break
      asking = redirection.kind === 'ask'
      if (redirection.kind === 'moved') topology.move(redirection.slot, redirection.to)
      if (redirection.kind === 'moved' || redirection.kind === 'down') void refresh()
      if (redirection.kind === 'down') break
      if (redirection.kind !== 'try_again') node = nodes.at(redirection.to)
      else if (tries < maxRepetitions) await clock.sleep(firstPauseMs * 2 ** tries, stopping.signal)
      else break
    }
    throw error
  }

  async function run(kind: CommandKind, args: readonly RedisArgument[], key?: string): Promise<RedisReply> {
    try {
      return await follow(args, key, kind === 'read' ? limits.readMs : limits.writeMs)
    } catch (error) {
      throw unavailable(code, name, stopping.signal.aborted ? new Error('Redis was closed.') : error)
    }
  }

  function masterAt(node: RedisNode): RedisMaster {
    return {
      place: node.place,
      run: async (kind, args) => {
        try {
          return await node.run(args, kind === 'read' ? limits.readMs : limits.writeMs)
        } catch (error) {
          throw unavailable(code, node.place, error)
        }
      },
    }
  }

  async function masters(): Promise<readonly RedisMaster[]> {
    const asking = begin().then(() => topology.refresh())
    await waits
      .wait(asking, limits.connectMs, () => new Error('No node answered in time.'))
      .catch(error => {
        throw unavailable(code, name, error)
      })
    return topology.masters.map(place => masterAt(nodes.at(place)))
  }

  const cluster: Redis = {
    kind: 'cluster',
    get isAvailable() {
      return topology.masters.some(place => nodes.at(place).isAvailable)
    },
    events,
    run,
    groupOf: keySlot,
    masters,
    placeOf: key => {
      const owner = topology.ownerOf(keySlot(key))
      return owner && placeOf(owner.host, owner.port)
    },
    openFor: async key => {
      const node = nodeFor(key)
      if (node === undefined) throw unavailable(code, name, reason)
      return node.open()
    },
    usedMemory: async () => usedMemoryOf(await masters()),
    close: async () => {
      stopping.abort()
      await nodes.close()
    },
  }
  return Object.assign(cluster, { start: () => waits.wait(start(), limits.connectMs * 2, () => reason) })
}

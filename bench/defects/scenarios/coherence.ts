import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { median } from '../../measure/rounds.ts'
import type { Library } from '../library.ts'
import { OtherProcess } from '../other-process.ts'
import { fail, pass, type Scenario, type Verdict } from '../scenario.ts'

const probes = 100
const probeLimitMs = 2_000
/** Longer is not what a reader would call at once. */
const boundMs = 100
const many = 100_000

export const coherence: readonly Scenario[] = [
  {
    name: 'time to coherence',
    question: 'How long after a delete does another process serve the old value from its memory?',
    needs: ['loads', 'Redis', 'memory before Redis'],
    limitMs: 120_000,
    play: timeToCoherence,
  },
  {
    name: 'none of 100,000 invalidations missed',
    question: 'Does another process, with all of them in its memory, miss any of 100,000 deletes?',
    needs: ['loads', 'Redis', 'memory before Redis'],
    limitMs: 180_000,
    play: noneMissed,
  },
]

async function timeToCoherence(library: Library, ends: AsyncDisposableStack): Promise<Verdict> {
  const redis = ends.use(await startRedis())
  const setting = { redis: { kind: 'server', port: redis.port } } as const
  const deleting = ends.use(await OtherProcess.open(library, setting))
  const reading = ends.use(await OtherProcess.open(library, setting))
  const delaysMs: number[] = []
  for (let probe = 0; probe < probes; probe += 1) {
    const key = `key ${probe}`
    await deleting.tell({ do: 'set', keys: [key], value: 'old', tags: [] })
    await reading.tell({ do: 'hold', keys: [key] })
    // A peer that announces writes has announced this one.
    await sleep(20)
    if ((await reading.tell({ do: 'get', key })) !== 'old') return fail('a value is not seen by another process')
    const seen = reading.tell({ do: 'watch', key, value: 'old', limitMs: probeLimitMs })
    await sleep(5)
    // Both answer by the clock of the machine.
    const deletedAt = Number(await deleting.tell({ do: 'delete', keys: [key] }))
    const seenAt = await seen
    if (seenAt === undefined) return fail(`still served ${probeLimitMs / 1000} s later`)
    delaysMs.push(Math.max(0, Number(seenAt) - deletedAt))
  }
  const slowest = Math.max(...delaysMs)
  const word = `median ${median(delaysMs).toFixed(0)} ms, slowest ${slowest} ms`
  return slowest <= boundMs ? pass(word) : fail(word)
}

async function noneMissed(library: Library, ends: AsyncDisposableStack): Promise<Verdict> {
  const redis = ends.use(await startRedis())
  const setting = { redis: { kind: 'server', port: redis.port } } as const
  const deleting = ends.use(await OtherProcess.open(library, setting))
  const reading = ends.use(await OtherProcess.open(library, setting))
  const keys = Array.from({ length: many }, (_, index) => `key ${index}`)
  await deleting.tell({ do: 'set', keys, value: 'old', tags: [] })
  await reading.tell({ do: 'hold', keys })
  const held = await countOld(reading, keys)
  if (held < many) return fail(`only ${held} of ${many} are seen before`)
  await deleting.tell({ do: 'delete', keys })
  await sleep(1_000)
  const missed = await countOld(reading, keys)
  return missed === 0 ? pass() : fail(`${missed} missed`)
}

async function countOld(process: OtherProcess, keys: readonly string[]): Promise<number> {
  const values = await process.tell({ do: 'getMany', keys })
  return Array.isArray(values) ? values.filter(value => value === 'old').length : 0
}

import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { Cacheable } from 'cacheable'
import { createCache } from 'reprise'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'
import { threadNsEach } from '../measure/thread-time.ts'

const keyCount = 1_000
const callsPerSecond = 60_000
const bar = 8

type Hit = (key: string) => Promise<unknown>

/** `getOrSet` of what memory holds, in one process, beside those caches that have such a call too. */
export async function hitQuestion(effort: Effort): Promise<Answer> {
  const keys = Array.from({ length: keyCount }, (_, index) => `user:${index}`)
  const contenders = hits()
  const found = contenders.map(() => [] as number[])
  for (const { hit } of contenders) for (const key of keys) await hit(key)
  const calls = callsPerSecond * effort.seconds
  const turns = contenders.map(({ hit }, index) => async () => {
    found[index]?.push(await threadNsEach(calls, () => sweep(hit, keys, calls)))
  })
  // The first round finds code that is not compiled yet.
  await inTurn(1, turns)
  for (const each of found) each.length = 0
  await inTurn(effort.rounds, turns)

  const medians = found.map(median)
  const own = medians[0] ?? Number.NaN
  return {
    title: 'A hit in memory',
    method: `${keyCount} text keys, small objects, \`getOrSet\` awaited one after another; thread CPU time.`,
    columns: ['cache', 'ns a hit', 'hits of Reprise in its time'],
    rows: contenders.map(({ name }, index) => [
      name,
      figure(medians[index] ?? Number.NaN, 0),
      figure((medians[index] ?? Number.NaN) / own),
    ]),
    bars: contenders.slice(1).map(({ name }, index) => {
      const times = (medians[index + 1] ?? Number.NaN) / own
      return { promise: `at least ${bar} × ${name}`, found: `${figure(times)} ×`, isMet: times >= bar }
    }),
  }
}

function hits(): readonly { readonly name: string; readonly hit: Hit }[] {
  const load = async () => ({ id: 7, name: 'Ada', tags: ['a', 'b'] })
  const reprise = createCache({ name: 'bench' })
  const bento = (serialize: boolean) =>
    new BentoCache({
      default: 'app',
      stores: { app: bentostore().useL1Layer(memoryDriver({ maxItems: keyCount * 2, serialize })) },
      ttl: '1h',
    })
  const [copying, sharing] = [bento(true), bento(false)]
  const cacheable = new Cacheable({ ttl: '1h' })
  return [
    { name: 'Reprise', hit: key => reprise.getOrSet(key, load) },
    { name: 'bentocache', hit: key => copying.getOrSet({ key, factory: load }) },
    { name: 'bentocache that shares references', hit: key => sharing.getOrSet({ key, factory: load }) },
    { name: 'cacheable', hit: key => cacheable.getOrSet(key, load) },
  ]
}

async function sweep(hit: Hit, keys: readonly string[], calls: number): Promise<void> {
  for (let call = 0; call < calls; call += keys.length) for (const key of keys) await hit(key)
}

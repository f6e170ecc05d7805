import { type Cache, createCache } from 'reprise'
import { prometheusMetrics } from 'reprise/prometheus'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'
import { threadNsEach } from '../measure/thread-time.ts'

const keyCount = 1_000
const callsPerSecond = 300_000
const barNs = 150

/** What Prometheus metrics add to a hit in memory. */
export async function metricsQuestion(effort: Effort): Promise<Answer> {
  const [bare, shown] = [createCache({ name: 'bare' }), createCache({ name: 'shown' })]
  prometheusMetrics({ caches: [shown] })
  const caches = [bare, shown]
  const found = caches.map(() => [] as number[])
  const calls = callsPerSecond * effort.seconds
  const turns = caches.map((cache, index) => async () => {
    found[index]?.push(await threadNsEach(calls, () => sweep(cache, calls)))
  })
  await inTurn(1, turns)
  for (const each of found) each.length = 0
  await inTurn(effort.rounds, turns)
  const [bareNs = Number.NaN, shownNs = Number.NaN] = found.map(median)
  const added = shownNs - bareNs
  return {
    title: 'What metrics cost',
    method: `\`getOrSet\` hits in memory with and without \`reprise/prometheus\`; thread CPU time.`,
    columns: ['cache', 'ns a hit'],
    rows: [
      ['without metrics', figure(bareNs, 0)],
      ['with metrics', figure(shownNs, 0)],
    ],
    bars: [{ promise: `at most ${barNs} ns more`, found: `${figure(added, 0)} ns`, isMet: added <= barNs }],
  }
}

async function sweep(cache: Cache, calls: number): Promise<void> {
  const load = () => ({ id: 7, name: 'Ada' })
  for (let call = 0; call < calls; call += 1) await cache.getOrSet(`user:${call % keyCount}`, load)
}

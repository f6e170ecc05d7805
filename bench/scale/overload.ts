import { type Arena, onFreshReprise } from '../chat/arena.ts'
import { type Answer, type Bar, figure } from '../measure/report.ts'
import { median } from '../measure/rounds.ts'
import { type LoadFigures, load } from './load.ts'
import { guests, template } from './template.ts'

const closedConnections = 64
const crowdConnections = 256
const openConnections = 1_000
const leastGoodput = 0.6
const mostP99 = 3
const normalWithinSeconds = 2
const patienceMs = 2_000

type Found = {
  readonly peak: number
  readonly normalP99Ms: number
  readonly goodput: number
  readonly overloadP99Ms: number
  readonly normalServerP99Ms: number
  readonly overloadServerP99Ms: number
  readonly refusedPercent: number
  /** Of requests sent from two seconds after the overload on. */
  readonly afterP99Ms: number
  readonly refusedAfter: number
  readonly refusedClosed: number
}

/** Is what is served still served soon, when twice as much is asked as can be answered? */
export async function overloadQuestion(arena: Arena): Promise<Answer> {
  const methods = ['POST', 'GET'] as const
  const found = new Map<string, Found>()
  for (const method of methods) {
    const rounds: Found[] = []
    for (let round = 0; round < arena.effort.rounds; round += 1) rounds.push(await measure(arena, method))
    found.set(method, mediansOf(rounds))
  }
  const row = (name: string, read: (found: Found) => string) => [name, ...[...found.values()].map(read)]
  return {
    title: 'Twice the load that can be served',
    method:
      `The peak is what ${closedConnections} or ${crowdConnections} connections get that ask again as soon as they were answered. Then requests are sent at a ` +
      `constant rate, over ${figure(openConnections, 0)} connections at most, whatever comes back; a caller’s time begins when its ` +
      'request was meant to be sent, also while all connections are in use, which no server can see. The load runs in a process of its own on the same machine.',
    columns: ['', ...methods],
    rows: [
      row('peak, requests/s', ({ peak }) => figure(peak)),
      row('p99 at 0.8 of the peak, ms', ({ normalP99Ms }) => figure(normalP99Ms)),
      row('the same without the wait for a connection, ms', ({ normalServerP99Ms }) => figure(normalServerP99Ms)),
      row('answered at twice the peak, requests/s', ({ goodput }) => figure(goodput)),
      row('refused with 503 meanwhile', ({ refusedPercent }) => `${figure(refusedPercent)} %`),
      row('p99 of those answered, ms', ({ overloadP99Ms }) => figure(overloadP99Ms)),
      row('the same without the wait for a connection, ms', ({ overloadServerP99Ms }) => figure(overloadServerP99Ms)),
      row('p99 from two seconds after on, at 0.8, ms', ({ afterP99Ms }) => figure(afterP99Ms)),
      row('refused with 256 connections that wait for their answers', ({ refusedClosed }) => figure(refusedClosed, 0)),
    ],
    bars: [...found].flatMap(([method, figures]) => barsOf(method, figures)),
  }
}

async function measure(arena: Arena, method: 'GET' | 'POST'): Promise<Found> {
  const { seconds, warmUpSeconds } = arena.effort
  return await onFreshReprise(arena, template, { EMBEDDER: 'none' }, async ({ url }) => {
    const closed = { url, method, guests, connections: closedConnections, patienceMs: 500 }
    await load({ ...closed, seconds: warmUpSeconds })
    const few = await load({ ...closed, seconds })
    const crowd = await load({ ...closed, seconds, connections: crowdConnections })
    const peak = Math.max(...[few, crowd].map(({ statuses }) => statuses['200'] ?? 0)) / seconds
    const open = { url, method, guests, connections: openConnections, patienceMs }
    const normal = await load({ ...open, seconds, perSecond: 0.8 * peak })
    const overload = await load({ ...open, seconds, perSecond: 2 * peak, patienceMs: 0 })
    const after = await load({ ...open, seconds: seconds + normalWithinSeconds, perSecond: 0.8 * peak })
    const offered = 2 * peak * seconds
    return {
      peak,
      normalP99Ms: normal.p99Ms,
      goodput: (overload.statuses['200'] ?? 0) / seconds,
      overloadP99Ms: overload.p99Ms,
      normalServerP99Ms: normal.p99FromSendingMs,
      overloadServerP99Ms: overload.p99FromSendingMs,
      refusedPercent: ((overload.statuses['503'] ?? 0) / offered) * 100,
      afterP99Ms: median(after.p99MsBySecond.slice(normalWithinSeconds)),
      refusedAfter: refusedOf(after),
      refusedClosed: refusedOf(crowd),
    }
  })
}

function refusedOf({ statuses }: LoadFigures): number {
  return statuses['503'] ?? 0
}

function mediansOf(rounds: readonly Found[]): Found {
  const fields = Object.keys(rounds[0] ?? {}) as (keyof Found)[]
  // Each field of the rounds has its entry.
  return Object.fromEntries(fields.map(field => [field, median(rounds.map(round => round[field]))])) as Found
}

function barsOf(method: string, found: Found): readonly Bar[] {
  const { peak, goodput, normalP99Ms, overloadP99Ms, afterP99Ms, refusedClosed } = found
  const share = goodput / peak
  const slower = overloadP99Ms / normalP99Ms
  const after = afterP99Ms / normalP99Ms
  return [
    {
      promise: `${method}: at twice the peak at least ${figure(leastGoodput)} × the peak is answered`,
      found: `${figure(share)} ×`,
      isMet: share >= leastGoodput,
    },
    {
      promise: `${method}: p99 of those answered at most ${mostP99} × that at 0.8 of the peak`,
      found: `${figure(slower)} ×`,
      isMet: slower <= mostP99,
    },
    {
      promise: `${method}: two seconds after, p99 is back (at most 1.5 × that before)`,
      found: `${figure(after)} ×`,
      isMet: after <= 1.5,
    },
    {
      promise: `${method}: nobody of ${crowdConnections} connections that wait for their answers is refused`,
      found: `${refusedClosed}`,
      isMet: refusedClosed === 0,
    },
  ]
}

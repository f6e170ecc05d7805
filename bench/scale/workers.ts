import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Arena, onFreshReprise } from '../chat/arena.ts'
import { cpuSeconds, residentBytes } from '../measure/processes.ts'
import { type Answer, type Bar, figure } from '../measure/report.ts'
import { inTurn, medians } from '../measure/rounds.ts'
import { childrenOf } from './children.ts'
import { load } from './load.ts'
import { guests, template } from './template.ts'

const connectionsEach = 64
/** Until a process has answered so many, the compiler is still at work on it, and each has to be warmed. */
const warmUpEach = 30_000
const mostWarmUps = 10
const mostMore = 1.1
const manyCores = 8
const mostOfFour = 3
const mb = 1024 * 1024

type Figures = {
  readonly postMicros: number
  readonly getMicros: number
  readonly postPerSecond: number
  readonly getPerSecond: number
  readonly idleMb: number
  readonly loadedMb: number
}

/** What does a request cost with several processes, what does a process cost, and how much more do they do? */
export async function workersQuestion(arena: Arena): Promise<Answer> {
  const cores = cpus().length
  const counts = cores >= manyCores ? [1, 2, 4] : [1, 2]
  const rounds = new Map<number, Figures[]>(counts.map(count => [count, []]))
  await inTurn(
    arena.effort.rounds,
    counts.map(count => async () => rounds.get(count)?.push(await measure(arena, count))),
  )
  const found = new Map([...rounds].map(([count, figures]) => [count, { ...medians(figures), ...cheapest(figures) }]))
  const of = (count: number, field: keyof Figures) => found.get(count)?.[field] ?? Number.NaN
  return {
    title: 'Worker processes',
    method:
      `${connectionsEach} connections for each process post to ${figure(guests, 0)} guests, then read their histories. CPU is that of all processes of the ` +
      'server, the primary included, for a request, in the round where it was least; memory is what a worker process keeps resident (the lone process is its own worker).',
    columns: ['', ...counts.map(count => `${count} ${count === 1 ? 'process' : 'worker processes'}`)],
    rows: [
      ['CPU of the server, µs a POST', ...counts.map(count => figure(of(count, 'postMicros')))],
      ['CPU of the server, µs a GET', ...counts.map(count => figure(of(count, 'getMicros')))],
      ['POST/s', ...counts.map(count => figure(of(count, 'postPerSecond')))],
      ['GET/s', ...counts.map(count => figure(of(count, 'getPerSecond')))],
      ['memory of an idle process, MB', ...counts.map(count => figure(of(count, 'idleMb')))],
      ['memory of a loaded process, MB', ...counts.map(count => figure(of(count, 'loadedMb')))],
    ],
    bars: [
      costBar('POST', of(2, 'postMicros') / of(1, 'postMicros')),
      costBar('GET', of(2, 'getMicros') / of(1, 'getMicros')),
      ...(cores >= manyCores
        ? [
            rateBar('POST', of(4, 'postPerSecond') / of(1, 'postPerSecond')),
            rateBar('GET', of(4, 'getPerSecond') / of(1, 'getPerSecond')),
          ]
        : []),
    ],
    ...(cores >= manyCores
      ? {}
      : {
          note: `How much more four processes do than one is measured where there are ${manyCores} cores; here are ${cores}.`,
        }),
  }
}

/** What disturbs a round only adds to its cost: the least of them is what a request takes. */
function cheapest(rounds: readonly Figures[]): Pick<Figures, 'postMicros' | 'getMicros'> {
  const least = (field: 'postMicros' | 'getMicros') => Math.min(...rounds.map(round => round[field]))
  return { postMicros: least('postMicros'), getMicros: least('getMicros') }
}

async function measure(arena: Arena, count: number): Promise<Figures> {
  const settings = { WORKERS: `${count}`, EMBEDDER: 'none' }
  return await onFreshReprise(arena, template, settings, async server => {
    if (count > 1) await until(() => server.output().includes(`with ${count} processes`))
    const own = () => (count === 1 ? [server.pid] : childrenOf(server.pid))
    const memory = () => Math.max(...own().map(residentBytes)) / mb
    const idleMb = memory()
    const cpu = () => cpuSeconds(server.pid)
    const run = async (method: 'GET' | 'POST') => {
      const order = { url: server.url, method, guests, connections: connectionsEach * count, patienceMs: 500 }
      let warm = 0
      for (let time = 0; time < mostWarmUps && warm < warmUpEach * count; time += 1) {
        const { statuses } = await load({ ...order, seconds: arena.effort.warmUpSeconds })
        warm += statuses['200'] ?? 0
        if (arena.effort.rounds === 1) break
      }
      const before = cpu()
      const { statuses } = await load({ ...order, seconds: arena.effort.seconds })
      const served = statuses['200'] ?? 0
      return { micros: ((cpu() - before) / served) * 1e6, perSecond: served / arena.effort.seconds }
    }
    const post = await run('POST')
    const get = await run('GET')
    return {
      postMicros: post.micros,
      getMicros: get.micros,
      postPerSecond: post.perSecond,
      getPerSecond: get.perSecond,
      idleMb,
      loadedMb: memory(),
    }
  })
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(50)
}

function costBar(what: string, ratio: number): Bar {
  const promise = `${what}: CPU a request with 2 worker processes at most ${figure(mostMore)} × that of one process`
  return { promise, found: `${figure(ratio)} ×`, isMet: ratio <= mostMore }
}

function rateBar(what: string, ratio: number): Bar {
  const promise = `${what}: four worker processes do at least ${figure(mostOfFour, 0)} × what one does`
  return { promise, found: `${figure(ratio)} ×`, isMet: ratio >= mostOfFour }
}

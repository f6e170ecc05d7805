import { fileURLToPath } from 'node:url'
import type { Effort } from '../measure/effort.ts'
import { type Bar, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'
import { type WrkFigures, wrk } from '../measure/wrk.ts'

export interface HttpContender {
  readonly name: string
  readonly url: string
}

/** Paths asked for; all are kept before the measurement. */
export const paths = 100
const connections = 32
const script = fileURLToPath(new URL('get.lua', import.meta.url))

export interface Loaded {
  readonly rows: readonly (readonly string[])[]
  /** Hits a second of one contender for each of another's. */
  readonly ratio: (own: string, peer: string) => number
}

/** Puts contenders under load in turn. */
export async function loadInTurn(contenders: readonly HttpContender[], effort: Effort): Promise<Loaded> {
  const found = new Map<string, WrkFigures[]>(contenders.map(({ name }) => [name, []]))
  const turns = (seconds: number, isKept: boolean) =>
    contenders.map(({ name, url }) => async () => {
      const figures = await wrk({ script, url, connections, seconds, arguments: [paths] })
      if (isKept) found.get(name)?.push(figures)
    })
  await inTurn(1, turns(effort.warmUpSeconds, false))
  await inTurn(effort.rounds, turns(Math.ceil(effort.seconds / 2), true))
  const of = (name: string, field: keyof WrkFigures) => median((found.get(name) ?? []).map(round => round[field]))
  const rows = contenders.map(({ name }) => [
    name,
    figure(of(name, 'requestsPerSecond'), 0),
    figure(of(name, 'p50Ms')),
    figure(of(name, 'p99Ms')),
  ])
  return { rows, ratio: (own, peer) => of(own, 'requestsPerSecond') / of(peer, 'requestsPerSecond') }
}

export const columns = ['what', 'hits a second', 'p50 ms', 'p99 ms']

export function barOf(loaded: Loaded, own: string, peer: string, least: number): Bar {
  const ratio = loaded.ratio(own, peer)
  return { promise: `${own} at least ${least} × ${peer}`, found: `${figure(ratio)} ×`, isMet: ratio >= least }
}

export const method = `1 KB from ${paths} URLs over ${connections} connections of wrk, all processes on this machine.`

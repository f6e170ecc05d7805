import { RepriseError } from 'reprise'
import type { Static } from 'typebox'
import { Check } from 'typebox/value'
import { type RunningServer, runningServer } from './running-server.ts'
import type { ServerOptions } from './server-options.ts'
import { cacheText, Stats, statsText } from './stats-text.ts'

export interface StatsOptions extends ServerOptions {
  readonly watch?: true
}

const clearScreen = '\u001b[H\u001b[2J\u001b[3J'

/** Prints the figures once, or each time that the server sends new ones. */
export async function showStats(cache: string | undefined, options: StatsOptions): Promise<void> {
  const server = await runningServer(options)
  const show = (stats: Static<typeof Stats>) => (options.json ? jsonOf(stats, cache) : textOf(stats, cache))
  if (!options.watch) {
    process.stdout.write(show(await server.ask({ method: 'GET', path: '/api/cache/stats' }, Stats)))
    return
  }
  const isScreen = process.stdout.isTTY && !options.json
  for await (const stats of liveStats(server)) process.stdout.write((isScreen ? clearScreen : '') + show(stats))
}

/** The server's events, until Ctrl-C; then it ends as if there were no more. */
async function* liveStats(server: RunningServer): AsyncGenerator<Static<typeof Stats>> {
  const ending = new AbortController()
  const end = () => ending.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  try {
    const { body } = await server.open({ method: 'GET', path: '/api/cache/live', signal: ending.signal })
    let rest = ''
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (rest + text).split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) yield readEvent(event)
    }
    throw new Error(`The server at ${server.url} ended.`)
  } catch (error) {
    if (ending.signal.aborted) return
    throw error instanceof TypeError ? new Error(`The server at ${server.url} went away.`, { cause: error }) : error
  } finally {
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
  }
}

function readEvent(event: string): Static<typeof Stats> {
  const data = /^data: (.*)$/m.exec(event)?.[1] ?? 'null'
  const stats: unknown = JSON.parse(data)
  if (Check(Stats, stats)) return stats
  throw new RepriseError('invalid_setting', 'The server sent figures of another version.')
}

function textOf(stats: Static<typeof Stats>, cache: string | undefined): string {
  return cache === undefined ? statsText(stats) : cacheText(cache, named(stats, cache))
}

function jsonOf(stats: Static<typeof Stats>, cache: string | undefined): string {
  return `${JSON.stringify(cache === undefined ? stats : named(stats, cache))}\n`
}

function named({ caches }: Static<typeof Stats>, cache: string): Static<typeof Stats>['caches'][string] {
  const figures = caches[cache]
  if (figures !== undefined) return figures
  const names = Object.keys(caches).join(', ')
  throw new RepriseError('invalid_setting', `There is no cache ${JSON.stringify(cache)}; there are ${names}.`)
}

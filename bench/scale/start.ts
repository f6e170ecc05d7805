import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../testbed/free-port.ts'
import { privateDirectory } from '../../testbed/private-directory.ts'
import { repriseMain } from '../../testbed/servers/reprise.ts'
import type { Arena } from '../chat/arena.ts'
import { cpuSeconds } from '../measure/processes.ts'
import { type Answer, figure } from '../measure/report.ts'
import { medians } from '../measure/rounds.ts'
import { template } from './template.ts'

const embeddedLimitSeconds = 2
const realLimitSeconds = 1

type Start = { readonly seconds: number; readonly cpuSeconds: number }

/** How long is it from the command to the first answer? */
export async function startQuestion({ databases, redis, effort }: Arena): Promise<Answer> {
  await using home = await privateDirectory('start')
  await using database = await databases.copy(template)
  const onServers = { DATABASE_URL: database.url, REDIS_URL: redis.url }
  const embedded = { DATA_DIR: `${home.path}/data` }
  const first = await start(embedded, home.path)
  const [again, real]: [Start[], Start[]] = [[], []]
  for (let round = 0; round < Math.max(3, effort.rounds); round += 1) {
    again.push(await start(embedded, home.path))
    real.push(await start(onServers, home.path))
  }
  const [ofEmbedded, ofReal] = [medians(again), medians(real)]
  const row = (name: string, { seconds, cpuSeconds }: Start) => [name, figure(seconds), figure(cpuSeconds)]
  return {
    title: 'From the command to the first answer',
    method:
      'A process is started with its defaults, and asked for the history of a guest until it answers. The CPU time until then tells ' +
      'what the time would be on a machine that does nothing else.',
    columns: ['', 'time, s', 'CPU of the process until then, s'],
    rows: [
      row('embedded, the very first start', first),
      row('embedded, from the second start on', ofEmbedded),
      row('PostgreSQL and Redis', ofReal),
    ],
    bars: [
      {
        promise: `embedded, from the second start on: at most ${embeddedLimitSeconds} s`,
        found: `${figure(ofEmbedded.seconds)} s`,
        isMet: ofEmbedded.seconds <= embeddedLimitSeconds,
      },
      {
        promise: `PostgreSQL and Redis: at most ${realLimitSeconds} s`,
        found: `${figure(ofReal.seconds)} s`,
        isMet: ofReal.seconds <= realLimitSeconds,
      },
    ],
  }
}

async function start(settings: Readonly<Record<string, string>>, directory: string): Promise<Start> {
  const port = `${await freePort()}`
  const beganAt = performance.now()
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: port, LOG_LEVEL: 'silent', ...settings }
  const server = spawn(process.execPath, [repriseMain, 'serve'], { env, cwd: directory, stdio: 'ignore' })
  const ended = once(server, 'exit')
  try {
    while (!(await answers(`http://127.0.0.1:${port}/v1/guest/chat/nobody`))) {
      if (server.exitCode !== null) throw new Error(`reprise ended with ${server.exitCode}`)
      await sleep(5)
    }
    return { seconds: (performance.now() - beganAt) / 1_000, cpuSeconds: cpuSeconds(server.pid ?? 0) }
  } finally {
    server.kill('SIGTERM')
    await ended
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

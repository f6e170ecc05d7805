import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { startModelServer } from '../../server/src/demo/model-server.ts'
import { startPostgres } from '../../testbed/servers/postgres.ts'
import { startReprise } from '../../testbed/servers/reprise.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'

const everyMs = 10
const upstreamMs = 50
const promisedMs = 3
const direct = 'the upstream alone'
const agent = new Agent({ keepAlive: true })
const question = 'A question that is as long as questions are. '.repeat(20)

/** How much later than from the upstream itself does an answer come that nobody has asked for before? */
export async function missQuestion({ rounds, seconds, warmUpSeconds }: Effort): Promise<Answer> {
  const model = await startModelServer({ delays: { firstMs: upstreamMs, tokenMs: 0 } })
  await using postgres = await startPostgres()
  const settings = { UPSTREAM_BASE_URL: model.url, EMBEDDER: 'none', LOG_LEVEL: 'silent' }
  await using embedded = await startReprise(settings)
  await using onPostgres = await startReprise({ ...settings, DATABASE_URL: postgres.url })
  const found = new Map<string, { readonly p50: number[]; readonly p99: number[] }>()
  const contender = (name: string, base: string) => async () => {
    await askSteadily(base, warmUpSeconds)
    const times = await askSteadily(base, seconds)
    const figures = found.get(name) ?? { p50: [], p99: [] }
    figures.p50.push(percentile(times, 0.5))
    figures.p99.push(percentile(times, 0.99))
    found.set(name, figures)
  }
  await inTurn(rounds, [
    contender(direct, model.url),
    contender('gateway, embedded database', `${embedded.url}/v1`),
    contender('gateway, PostgreSQL', `${onPostgres.url}/v1`),
  ])
  agent.destroy()
  await model.close()
  const medians = [...found].map(([name, { p50, p99 }]) => ({ name, p50: median(p50), p99: median(p99) }))
  const alone = medians.find(({ name }) => name === direct)
  const added = medians.map(each => ({ ...each, more: each.p99 - (alone?.p99 ?? Number.NaN) }))
  return {
    title: 'A miss of the gateway',
    method:
      `${1_000 / everyMs} new questions a second, whether earlier ones are answered or not; the upstream answers after ${upstreamMs} ms. ` +
      'What is answered is kept in memory and in the database meanwhile. ms until the whole answer is there.',
    columns: ['asked', 'p50 ms', 'p99 ms', 'more at p99, ms'],
    rows: added.map(({ name, p50, p99, more }) => [
      name,
      figure(p50),
      figure(p99),
      name === direct ? '' : figure(more),
    ]),
    bars: added
      .filter(({ name }) => name !== direct)
      .map(({ name, more }) => ({
        promise: `${name}: p99 at most ${promisedMs} ms over the upstream alone`,
        found: `${figure(more)} ms`,
        isMet: more <= promisedMs,
      })),
  }
}

let asked = 0

async function askSteadily(base: string, seconds: number): Promise<readonly number[]> {
  const beganAt = performance.now()
  const answers: Promise<number>[] = []
  for (let count = 0; count < (seconds * 1_000) / everyMs; count += 1) {
    await sleep(Math.max(0, beganAt + count * everyMs - performance.now()))
    asked += 1
    answers.push(timeOf(`${base}/chat/completions`, `${question} Number ${process.pid}.${asked}.`))
  }
  return Promise.all(answers)
}

function timeOf(url: string, content: string): Promise<number> {
  const body = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    authorization: 'Bearer sk-bench',
  }
  const beganAt = performance.now()
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', agent, headers }, response => {
      response.resume()
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - beganAt)
        else reject(new Error(`${url} answered ${response.statusCode}.`))
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

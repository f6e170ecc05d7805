import { writeFile } from 'node:fs/promises'
import type { RepriseServer } from '../../testbed/servers/reprise.ts'
import type { Effort } from '../measure/effort.ts'
import { type HttpProcess, startHttpProcess } from '../measure/http-process.ts'
import { cpuSeconds } from '../measure/processes.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, medians } from '../measure/rounds.ts'
import { type WrkFigures, wrk } from '../measure/wrk.ts'
import { type Arena, onFreshReprise, script } from './arena.ts'

const connections = 64
const template = 'histories'
const guests = 100
const messagesEach = 50
const promised = 0.5

type ReadFigures = WrkFigures & { readonly cpuMicros: number }

/** How much of a bare handler's speed is left when the bytes come from Redis, believed only if PostgreSQL agrees? */
export async function getQuestion(arena: Arena): Promise<Answer> {
  const { databases, effort } = arena
  await databases.makeTemplate(template, script('fill.sql'), { guests, messages_each: messagesEach })
  return await onFreshReprise(arena, template, {}, server => compare(server, effort))
}

/** Both processes live through all rounds, so that neither is measured while its code is still being compiled. */
async function compare(server: RepriseServer, { rounds, seconds, warmUpSeconds }: Effort): Promise<Answer> {
  const bytes = await readOne(server)
  await using handler = await startBareHandler(bytes)
  const ours: ReadFigures[] = []
  const bare: ReadFigures[] = []
  const warmThenRead = async ({ url, pid }: { readonly url: string; readonly pid: number }): Promise<ReadFigures> => {
    const options = { script: script('get.lua'), url, connections, arguments: ['guest-', guests] }
    await wrk({ ...options, seconds: warmUpSeconds })
    const before = cpuSeconds(pid)
    const figures = await wrk({ ...options, seconds })
    return { ...figures, cpuMicros: ((cpuSeconds(pid) - before) / figures.requests) * 1e6 }
  }
  await inTurn(rounds, [
    async () => ours.push(await warmThenRead(server)),
    async () => bare.push(await warmThenRead(handler)),
  ])
  const reads = await server.metric('reprise_history_reads_total')
  const fromCopyPercent = ((await server.metric('reprise_history_reads_total', 'source="redis"')) / reads) * 100

  const [reprise, peer] = [medians(ours), medians(bare)]
  const found = reprise.requestsPerSecond / peer.requestsPerSecond
  const row = (name: string, { requestsPerSecond, p50Ms, p99Ms, cpuMicros }: ReadFigures, fromCopy: string) => {
    return [name, figure(requestsPerSecond), figure(p50Ms), figure(p99Ms), figure(cpuMicros), fromCopy]
  }
  return {
    title: 'GET against a bare handler',
    method:
      `${connections} connections read histories of ${messagesEach} messages (${figure(bytes.length)} bytes) of ${guests} ` +
      'guests (wrk). The bare handler is a Fastify route in its own process that answers the same bytes from its memory. ' +
      'Both processes live through all rounds.',
    columns: ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU of the process, µs a request', 'from the Redis copy'],
    rows: [row('Reprise', reprise, `${figure(fromCopyPercent, 2)} %`), row('bare Fastify handler', peer, '–')],
    bars: [
      {
        promise: `at least ${figure(promised, 1)} × the bare handler`,
        found: `${figure(found, 2)} ×`,
        isMet: found >= promised,
      },
    ],
  }
}

async function readOne({ url }: RepriseServer): Promise<Buffer> {
  const response = await fetch(`${url}/v1/guest/chat/guest-1`)
  const bytes = Buffer.from(await response.arrayBuffer())
  const messages: unknown = JSON.parse(bytes.toString('utf8'))
  if (Array.isArray(messages) && messages.length === messagesEach) return bytes
  throw new Error(`expected ${messagesEach} messages, but ${bytes.toString('utf8').slice(0, 200)} came`)
}

function startBareHandler(bytes: Buffer): Promise<HttpProcess> {
  return startHttpProcess('bare', '/v1/guest/chat/any', async (port, directory) => {
    const file = `${directory}/answer.json`
    await writeFile(file, bytes)
    return [process.execPath, [script('bare-handler.ts'), `${port}`, file]]
  })
}

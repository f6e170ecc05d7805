import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startModelServer } from '../../server/src/demo/model-server.ts'
import { privateDirectory } from '../../testbed/private-directory.ts'
import { startReprise } from '../../testbed/servers/reprise.ts'
import type { Effort } from '../measure/effort.ts'
import { cpuSeconds } from '../measure/processes.ts'
import { type Answer, type Bar, figure } from '../measure/report.ts'
import { inTurn, medians } from '../measure/rounds.ts'
import { type WrkFigures, wrk } from '../measure/wrk.ts'
import { startPortkey } from './peers/portkey.ts'
import { startBareGateway } from './peers/start-bare-gateway.ts'

const connections = 64
const sizes = [1_000, 20_000] as const
const promised = 0.6

type HitFigures = WrkFigures & { readonly cpuMicros: number }

/** How much of a bare handler's speed is left when a request is read, found and answered from memory? */
export async function exactHitQuestion({ rounds, seconds, warmUpSeconds }: Effort): Promise<Answer> {
  await using home = await privateDirectory('exact-hit')
  await using bare = await startBareGateway(await modelAnswer())
  const upstream = `${bare.url}/v1`
  await using server = await startReprise({ UPSTREAM_BASE_URL: upstream, EMBEDDER: 'none', LOG_LEVEL: 'silent' })
  await using portkey = await startPortkey()
  const passing = { 'x-reprise-cache': 'bypass' }
  const toUpstream = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': upstream }
  const contenders: readonly Contender[] = [
    { name: ours, ...server },
    { name: peer, ...bare },
    { name: 'gateway, passing through', ...server, headers: passing },
    ...(portkey === undefined ? [] : [{ name: 'Portkey’s gateway, passing through', ...portkey, headers: toUpstream }]),
  ]
  const rows: string[][] = []
  const bars: Bar[] = []
  for (const size of sizes) {
    const body = bodyOf(size)
    const file = join(home.path, `${size}.json`)
    await writeFile(file, body)
    // So that it is kept before it is measured.
    await ask(server.url, body)
    const found = new Map<string, HitFigures[]>()
    const measured = ({ name, url, pid, headers = {} }: Contender) => {
      const given = Object.entries(headers).map(([header, value]) => `${header}=${value}`)
      const script = fileURLToPath(new URL('ask.lua', import.meta.url))
      const options = { script, url, connections, arguments: [file, ...given] }
      return async () => {
        await wrk({ ...options, seconds: warmUpSeconds })
        const before = cpuSeconds(pid)
        const figures = await wrk({ ...options, seconds })
        const cpuMicros = ((cpuSeconds(pid) - before) / figures.requests) * 1e6
        found.set(name, [...(found.get(name) ?? []), { ...figures, cpuMicros }])
      }
    }
    await inTurn(rounds, contenders.map(measured))
    const figures = new Map([...found].map(([name, each]) => [name, medians(each)]))
    for (const [name, { requestsPerSecond, p50Ms, p99Ms, cpuMicros }] of figures) {
      const cells = [requestsPerSecond, p50Ms, p99Ms, cpuMicros].map(value => figure(value))
      rows.push([`${name}, ${size / 1_000} kB`, ...cells])
    }
    const [hit, handler] = [figures.get(ours), figures.get(peer)]
    const share = (hit?.requestsPerSecond ?? 0) / (handler?.requestsPerSecond ?? 1)
    const cpuShare = (handler?.cpuMicros ?? 0) / (hit?.cpuMicros ?? 1)
    bars.push({
      promise: `at least ${figure(promised, 1)} × the bare handler with ${size / 1_000} kB bodies`,
      found: `${figure(share, 2)} × by requests a second, ${figure(cpuShare, 2)} × by time of the processor`,
      isMet: share >= promised,
    })
  }
  return {
    title: 'Exact hits of the gateway',
    method:
      `${connections} connections send one chat completion again and again (wrk). ` +
      'The bare handler is a Fastify route in a process of its own that reads the same body and answers the same bytes; ' +
      `it is also the upstream of what is passed through.${portkey === undefined ? ' Portkey’s gateway could not be installed.' : ''}`,
    columns: ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU of the process, µs a request'],
    rows,
    bars,
  }
}

const ours = 'gateway'
const peer = 'bare Fastify handler'

interface Contender {
  readonly name: string
  readonly url: string
  readonly pid: number
  readonly headers?: Readonly<Record<string, string>>
}

/** What a model answers to a short question. */
async function modelAnswer(): Promise<Buffer> {
  const model = await startModelServer()
  const answer = await ask(model.url.replace(/\/v1$/, ''), bodyOf(300))
  await model.close()
  return answer
}

function bodyOf(size: number): Buffer {
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(size / 45 + 1)
  const messages = (content: string) => [
    { role: 'system', content: 'You help.' },
    { role: 'user', content },
  ]
  const spare = size - JSON.stringify({ model: 'gpt-4o-mini', messages: messages('') }).length
  return Buffer.from(JSON.stringify({ model: 'gpt-4o-mini', messages: messages(text.slice(0, spare)) }))
}

async function ask(url: string, body: Buffer): Promise<Buffer> {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-bench' }
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: new Uint8Array(body) })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  return Buffer.from(await response.arrayBuffer())
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startModelServer } from '../../server/src/demo/model-server.ts'
import { privateDirectory } from '../../testbed/private-directory.ts'
import { startReprise } from '../../testbed/reprise.ts'
import type { Effort } from '../chat/arena.ts'
import { cpuSeconds } from '../measure/processes.ts'
import { type Answer, type Bar, figure } from '../measure/report.ts'
import { inTurn, medians } from '../measure/rounds.ts'
import { type WrkFigures, wrk } from '../measure/wrk.ts'
import { startBareGateway } from './start-bare-gateway.ts'

const connections = 64
const sizes = [1_000, 20_000] as const
const promised = 0.6

type HitFigures = WrkFigures & { readonly cpuMicros: number }

/** How much of a bare handler's speed is left when a request is read, found and answered from memory? */
export async function exactHitQuestion({ rounds, seconds, warmUpSeconds }: Effort): Promise<Answer> {
  await using home = await privateDirectory('exact-hit')
  const model = await startModelServer()
  await using server = await startReprise({ UPSTREAM_BASE_URL: model.url, EMBEDDER: 'none', LOG_LEVEL: 'silent' })
  const rows: string[][] = []
  const bars: Bar[] = []
  for (const size of sizes) {
    const body = bodyOf(size)
    const file = join(home.path, `${size}.json`)
    await writeFile(file, body)
    // Asked twice, so that it is kept before it is measured.
    const answer = await ask(server.url, body)
    if (!(await ask(server.url, body)).equals(answer)) throw new Error('The second answer is another one.')
    await using bare = await startBareGateway(answer)
    const found = new Map<string, HitFigures[]>()
    const contender =
      (name: string, { url, pid }: { readonly url: string; readonly pid: number }) =>
      async () => {
        const options = {
          script: fileURLToPath(new URL('ask.lua', import.meta.url)),
          url,
          connections,
          arguments: [file],
        }
        await wrk({ ...options, seconds: warmUpSeconds })
        const before = cpuSeconds(pid)
        const figures = await wrk({ ...options, seconds })
        const cpuMicros = ((cpuSeconds(pid) - before) / figures.requests) * 1e6
        found.set(name, [...(found.get(name) ?? []), { ...figures, cpuMicros }])
      }
    await inTurn(rounds, [contender('gateway', server), contender('bare Fastify handler', bare)])
    const [ours, peer] = ['gateway', 'bare Fastify handler'].map(name => medians(found.get(name) ?? []))
    for (const [name, each] of [['gateway', ours] as const, ['bare Fastify handler', peer] as const]) {
      if (each === undefined) continue
      const { requestsPerSecond, p50Ms, p99Ms, cpuMicros } = each
      rows.push([
        `${name}, ${size / 1_000} kB`,
        ...[requestsPerSecond, p50Ms, p99Ms, cpuMicros].map(value => figure(value)),
      ])
    }
    const share = (ours?.requestsPerSecond ?? 0) / (peer?.requestsPerSecond ?? 1)
    bars.push({
      promise: `at least ${figure(promised, 1)} × the bare handler with ${size / 1_000} kB bodies`,
      found: `${figure(share, 2)} ×`,
      isMet: share >= promised,
    })
  }
  const asked = model.requests.length
  await model.close()
  return {
    title: 'Exact hits of the gateway',
    method:
      `${connections} connections send one chat completion again and again (wrk); the model was asked ${asked} times in all. ` +
      'The bare handler is a Fastify route in a process of its own that reads the same body and answers the same bytes.',
    columns: ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU of the process, µs a request'],
    rows,
    bars,
  }
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

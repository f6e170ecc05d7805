import { type IncomingMessage, request as send } from 'node:http'
import type { Interim } from './steps.ts'
import { currentSuites } from './suites.ts'

/** What the package's client gives with a request. */
interface Init {
  readonly method?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
}

/** What the package's client reads of an answer. */
interface Answer {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  text(): Promise<string>
}

/**
 * A fetch for the package's client that sees interim responses, and rejects an answer that came without those its test
 * expects. Fields go out line by line as they were given, and redirections are not followed.
 */
export async function fetchWithInterims(url: string, init: Init = {}): Promise<Answer> {
  const seen: Interim[] = []
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = send(url, {
      method: init.method ?? 'GET',
      headers: ['Host', new URL(url).host, ...linesOf(init)],
      agent: false,
    })
    outgoing.on('information', ({ statusCode, rawHeaders }) => {
      seen.push([
        statusCode as Interim[0],
        pairsOf(rawHeaders).map(([name, value]) => [name.toLowerCase(), value] as const),
      ])
    })
    outgoing.on('error', reject)
    outgoing.on('response', resolve)
    outgoing.end(init.body)
  })
  expectInterims(init, seen)
  const bytes = Buffer.concat(await incoming.toArray())
  return {
    status: incoming.statusCode ?? 0,
    statusText: incoming.statusMessage ?? '',
    headers: new Headers(pairsOf(incoming.rawHeaders).map(([name, value]): [string, string] => [name, value])),
    text: async () => bytes.toString('utf8'),
  }
}

const expectedInterims = new Map(
  currentSuites
    .flatMap(({ tests }) => tests)
    .map(({ id, requests = [] }) => [id, requests.map(step => step.expected_interim_responses)]),
)

function expectInterims({ headers = [] }: Init, seen: readonly Interim[]): void {
  const given = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
  const expected = expectedInterims.get(given['test-id'] ?? '')?.[Number(given['req-num']) - 1]
  if (expected === undefined) return
  const written = expected.map(([status, fields = []]) => [status, fields])
  if (JSON.stringify(written) === JSON.stringify(seen)) return
  throw new Error(`Interim responses ${JSON.stringify(seen)}, not ${JSON.stringify(written)}`)
}

function linesOf({ headers = [], body }: Init): string[] {
  const lines = headers.flatMap(([name, value]) => [name, value.trim()])
  return body === undefined ? lines : [...lines, 'Content-Length', String(Buffer.byteLength(body))]
}

function pairsOf(lines: readonly string[]): (readonly [string, string])[] {
  const pairs: [string, string][] = []
  for (let at = 0; at < lines.length; at += 2) pairs.push([lines[at] ?? '', lines[at + 1] ?? ''])
  return pairs
}

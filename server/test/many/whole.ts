import { startReprise } from '../../../testbed/servers/reprise.ts'
import { jsonOf } from '../http/exchange.ts'

export const processes = 4

/** Several processes that are one server to their callers. */
export interface Whole extends AsyncDisposable {
  /** Where callers reach them, one process after the other. */
  next(): string
  /** The urls at which `/metrics` is asked, so that all of it is seen once. */
  readonly scraped: readonly string[]
}

type Settings = Readonly<Record<string, string>>

/** One server with worker processes on one port, which hands out connections in turn. */
export async function startWorkers(settings: Settings): Promise<Whole> {
  const server = await startReprise({ ...settings, WORKERS: `${processes}` })
  return { next: () => server.url, scraped: [server.url], [Symbol.asyncDispose]: () => server.stop() }
}

/** Servers of their own, as behind a balancer. */
export async function startServers(settings: Settings): Promise<Whole> {
  const first = await startReprise(settings)
  const others = await Promise.all(Array.from({ length: processes - 1 }, () => startReprise(settings)))
  const urls = [first, ...others].map(({ url }) => url)
  let turn = 0
  return {
    next: () => {
      turn += 1
      return urls[turn % urls.length] ?? first.url
    },
    scraped: urls,
    [Symbol.asyncDispose]: async () => void (await Promise.all([first, ...others].map(server => server.stop()))),
  }
}

let asked = 0

/** Nobody asks twice from one address, unless a test wants to. */
function next(): string {
  asked += 1
  return `${Math.floor(asked / 250)}.${asked % 250}`
}

/** Asks over a connection of its own, so that the next process is met. */
export function ask(whole: Whole, path: string, body?: unknown, headers: Settings = {}): Promise<Response> {
  const own = { connection: 'close', 'x-forwarded-for': `10.0.${next()}`, ...headers }
  if (body === undefined) return fetch(`${whole.next()}${path}`, { headers: own })
  return fetch(`${whole.next()}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...own },
    body: JSON.stringify(body),
  })
}

/** As many at once as asked for. */
export function crowd<Result>(count: number, one: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => one(index)))
}

/** A model's answer, and how it was come by. */
export async function askModel(whole: Whole, text: string, headers: Settings = {}) {
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: text }] }
  const answer = await ask(whole, '/v1/chat/completions', body, { authorization: 'Bearer sk-caller', ...headers })
  const state = answer.headers.get('x-reprise-cache')
  const { id } = await jsonOf<{ readonly id: string }>(answer)
  return { state, id }
}

/** The sum of a metric's samples over everything that is scraped. */
export async function metricOf(whole: Whole, name: string, label = ''): Promise<number> {
  const texts = await Promise.all(
    whole.scraped.map(async url => (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text()),
  )
  return texts
    .flatMap(text => text.split('\n'))
    .filter(line => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

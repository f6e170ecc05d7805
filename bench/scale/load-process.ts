// Puts a server under load and prints what came of it as JSON: node load-process.ts '{"url":…}'
import { connect, type Socket } from 'node:net'
import type { LoadFigures, LoadOrder } from './load.ts'

interface Connection {
  readonly socket: Socket
  /** When the request under way was meant to be sent; undefined while there is none. */
  intendedAt: number | undefined
  sentAt: number
  /** Bytes of an answer that has come in part. */
  rest: string
}

const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder
const { hostname, port } = new URL(order.url)
const requests = Array.from({ length: order.guests }, (_, guest) => requestBytes(guest))
const latencies: number[] = []
const latenciesFromSending: number[] = []
const statuses = new Map<number, number>()
const bySecond: number[][] = []
const idle: Connection[] = []
/** Meant to be sent, but no connection was free. */
const waiting: number[] = []
let [opened, sent, next] = [0, 0, 0]
const startedAt = performance.now()
const endsAt = startedAt + order.seconds * 1_000

if (order.perSecond === undefined) for (let each = 0; each < order.connections; each += 1) open(performance.now())
else setInterval(sendDue, 1).unref()
setTimeout(finish, order.seconds * 1_000 + order.patienceMs)

/** A closed loop ends with its time; an open one waits for what is under way. */
function finish(): void {
  const figures: LoadFigures = {
    statuses: Object.fromEntries(statuses),
    unanswered: sent - [...statuses.values()].reduce((sum, count) => sum + count, 0) + waiting.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    p99FromSendingMs: percentile(latenciesFromSending, 0.99),
    p99MsBySecond: bySecond.map(second => percentile(second, 0.99)),
    servedBySecond: bySecond.map(second => second.length),
  }
  process.stdout.write(JSON.stringify(figures), () => process.exit())
}

/** Sends what should have been sent by now: the time from then on is what a caller waits. */
function sendDue(): void {
  const { perSecond = 0 } = order
  const now = Math.min(performance.now(), endsAt)
  const due = Math.floor(((now - startedAt) / 1_000) * perSecond)
  for (; next < due; next += 1) waiting.push(startedAt + (next / perSecond) * 1_000)
  while (waiting.length > 0) {
    const connection = idle.pop()
    if (connection !== undefined) send(connection, waiting.shift() ?? now)
    else if (opened < order.connections) open(waiting.shift() ?? now)
    else return
  }
}

function open(intendedAt: number): void {
  opened += 1
  const socket = connect({ port: Number(port), host: hostname, noDelay: true })
  const connection: Connection = { socket, intendedAt: undefined, sentAt: 0, rest: '' }
  socket.setEncoding('latin1')
  socket.once('connect', () => send(connection, intendedAt))
  socket.on('data', (text: string) => receive(connection, text))
  socket.on('error', () => undefined)
  socket.on('close', () => {
    opened -= 1
    const place = idle.indexOf(connection)
    if (place >= 0) idle.splice(place, 1)
  })
}

function send(connection: Connection, intendedAt: number): void {
  connection.intendedAt = intendedAt
  connection.sentAt = performance.now()
  sent += 1
  connection.socket.write(requests[sent % requests.length] ?? '')
}

function receive(connection: Connection, text: string): void {
  const answer = connection.rest === '' ? text : connection.rest + text
  const head = answer.indexOf('\r\n\r\n')
  const length = head < 0 ? undefined : Number(/content-length: (\d+)/i.exec(answer.slice(0, head))?.[1] ?? 0)
  if (length === undefined || answer.length < head + 4 + length) {
    connection.rest = answer
    return
  }
  connection.rest = ''
  note(Number(answer.slice(9, 12)), connection)
  if (order.perSecond !== undefined) {
    const meant = waiting.shift()
    if (meant === undefined) idle.push(connection)
    else send(connection, meant)
  } else if (performance.now() < endsAt) send(connection, performance.now())
}

function note(status: number, { intendedAt = 0, sentAt }: Connection): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1)
  if (status !== 200) return
  const now = performance.now()
  latencies.push(now - intendedAt)
  latenciesFromSending.push(now - sentAt)
  const second = Math.floor((intendedAt - startedAt) / 1_000)
  bySecond[second] ??= []
  bySecond[second]?.push(now - intendedAt)
}

function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function requestBytes(guest: number): Buffer {
  const path = `/v1/guest/chat/guest-${guest + 1}`
  const body = order.method === 'POST' ? JSON.stringify({ role: 'user', content: 'How do I return a parcel?' }) : ''
  const lines = [`${order.method} ${path} HTTP/1.1`, `host: ${hostname}:${port}`]
  if (body !== '') lines.push('content-type: application/json', `content-length: ${body.length}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

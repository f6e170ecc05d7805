import { pgbench } from '../measure/pgbench.ts'
import { cpuSeconds } from '../measure/processes.ts'
import { type Answer, type Bar, figure } from '../measure/report.ts'
import { inTurn, medians } from '../measure/rounds.ts'
import { wrk } from '../measure/wrk.ts'
import { type Arena, onFreshReprise, script } from './arena.ts'

const connections = 64
const template = 'post'

/** Is a POST, with HTTP, validation and the Redis copy, as fast as the same rows written by bare SQL? */
export async function postQuestion(arena: Arena): Promise<Answer> {
  await arena.databases.makeTemplate(template, script('conversations.sql'), { conversations: 1_000 })
  const spread = await compare(arena, 1_000)
  const hot = await compare(arena, 1)
  const both = (name: string, read: (comparison: Comparison) => string) => [name, read(spread), read(hot)]
  return {
    title: 'POST against pgbench',
    method:
      `${connections} connections post messages to guests at random (wrk, HTTP). pgbench writes the same five rows a ` +
      'message with prepared statements: five statements in one transaction (7 round trips), or one statement with ' +
      'five parts, with the best of 16, 32 and 64 clients, found by a run each. Each run starts from the same database.',
    columns: ['', '1,000 conversations', 'one conversation'],
    rows: [
      both('Reprise, messages/s', ({ reprise }) => figure(reprise.perSecond)),
      ...peerForms.map(form => both(`pgbench, ${form.name}, messages/s`, ({ peers }) => describePeer(peers, form))),
      both('Reprise, p50 / p99 ms', ({ reprise }) => `${figure(reprise.p50Ms)} / ${figure(reprise.p99Ms)}`),
      both('Reprise, messages a statement', ({ reprise }) => figure(reprise.messagesPerStatement)),
      both('CPU in Reprise, µs a message', ({ reprise }) => figure(reprise.serverCpuMicros)),
      both('CPU in PostgreSQL, µs a message', ({ reprise }) => figure(reprise.databaseCpuMicros)),
      both('CPU in PostgreSQL under pgbench, µs a message', ({ peers }) => figure(bestOf(peers).databaseCpuMicros)),
    ],
    bars: [barOf('1,000 conversations', 1, spread), barOf('one conversation', 3, hot)],
  }
}

const peerForms = [
  { name: 'five statements', file: 'five-statements.sql' },
  { name: 'one statement', file: 'one-statement.sql' },
] as const
const clientCounts = [16, 32, 64]

/** Types, not interfaces: their medians are taken field by field. */
type OurFigures = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly messagesPerStatement: number
  readonly serverCpuMicros: number
  readonly databaseCpuMicros: number
}
type PeerFigures = { readonly perSecond: number; readonly databaseCpuMicros: number }

interface Peer extends PeerFigures {
  readonly file: string
  readonly clients: number
}

interface Comparison {
  readonly reprise: OurFigures
  readonly peers: readonly Peer[]
}

async function compare(arena: Arena, conversations: number): Promise<Comparison> {
  const ours: OurFigures[] = []
  const peers: (Omit<Peer, keyof PeerFigures> & { readonly rounds: PeerFigures[] })[] = []
  for (const { file } of peerForms)
    peers.push({ file, clients: await bestClients(arena, file, conversations), rounds: [] })
  await inTurn(arena.effort.rounds, [
    async () => ours.push(await runReprise(arena, conversations)),
    ...peers.map(peer => async () => peer.rounds.push(await runPgbench(arena, peer, conversations))),
  ])
  return { reprise: medians(ours), peers: peers.map(({ rounds, ...peer }) => ({ ...peer, ...medians(rounds) })) }
}

/** With how many clients pgbench is fastest. */
async function bestClients(arena: Arena, file: string, conversations: number): Promise<number> {
  let best = { clients: 0, perSecond: 0 }
  for (const clients of clientCounts) {
    const { perSecond } = await runPgbench(arena, { file, clients }, conversations)
    if (perSecond > best.perSecond) best = { clients, perSecond }
  }
  return best.clients
}

async function runReprise(arena: Arena, conversations: number): Promise<OurFigures> {
  const { seconds, warmUpSeconds } = arena.effort
  return await onFreshReprise(arena, template, {}, async server => {
    const post = (seconds: number) =>
      wrk({ script: script('post.lua'), url: server.url, connections, seconds, arguments: ['guest-', conversations] })
    await post(warmUpSeconds)
    const read = async () => ({
      server: cpuSeconds(server.pid),
      database: cpuSeconds(arena.postgres.pid),
      messages: await server.metric('reprise_group_commit_messages_sum'),
      statements: await server.metric('reprise_group_commit_messages_count'),
    })
    const before = await read()
    const { requests, requestsPerSecond, p50Ms, p99Ms } = await post(seconds)
    const after = await read()
    return {
      perSecond: requestsPerSecond,
      p50Ms,
      p99Ms,
      messagesPerStatement: (after.messages - before.messages) / (after.statements - before.statements),
      serverCpuMicros: ((after.server - before.server) / requests) * 1e6,
      databaseCpuMicros: ((after.database - before.database) / requests) * 1e6,
    }
  })
}

async function runPgbench(
  arena: Arena,
  { file, clients }: { readonly file: string; readonly clients: number },
  conversations: number,
): Promise<PeerFigures> {
  const { seconds, warmUpSeconds } = arena.effort
  await using database = await arena.databases.copy(template)
  const { url } = database
  const { binaries, pid } = arena.postgres
  const write = (seconds: number) =>
    pgbench({ binaries, url, script: script(file), clients, seconds, variables: { conversations } })
  await write(warmUpSeconds)
  const before = cpuSeconds(pid)
  const { transactions, perSecond } = await write(seconds)
  return { perSecond, databaseCpuMicros: ((cpuSeconds(pid) - before) / transactions) * 1e6 }
}

function bestOf(peers: readonly Peer[]): Peer {
  return peers.reduce((best, peer) => (peer.perSecond > best.perSecond ? peer : best))
}

function describePeer(peers: readonly Peer[], form: { readonly file: string }): string {
  const { perSecond, clients } = bestOf(peers.filter(peer => peer.file === form.file))
  return `${figure(perSecond)} (${clients} clients)`
}

function barOf(where: string, factor: number, { reprise, peers }: Comparison): Bar {
  const found = reprise.perSecond / bestOf(peers).perSecond
  return {
    promise: `${where}: at least ${figure(factor, 1)} × pgbench's faster form`,
    found: `${figure(found, 2)} ×`,
    isMet: found >= factor,
  }
}

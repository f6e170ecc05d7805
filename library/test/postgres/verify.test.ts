import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type AppendRequest, instantOf, newMessageId, parseGuestId, parseInstant, parseUserId } from 'reprise'
import { openEmbeddedDatabase } from 'reprise/embedded'
import {
  connectPostgres,
  type Database,
  migrate,
  postgresConversationStore,
  postgresHourlyMetrics,
  postgresOutbox,
} from 'reprise/postgres'
import { describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { sql } from './databases.ts'

type Row = Readonly<Record<string, unknown>>
/** Carries out a file of `sql/` for a guest; the rows of each of its statements. */
type Run = (file: 'verify.sql' | 'clean-up.sql', guest: string) => Promise<readonly (readonly Row[])[]>

const pathOf = (file: string) => fileURLToPath(new URL(`sql/${file}`, import.meta.url))
const settings = { enforceQuota: false, guestMonthlyLimit: 100, embed: true }

describeWith(['postgres', 'psql'], 'the statements of users, in psql on a real PostgreSQL', () => {
  it('C1 C2 C4 C5 C7 C8 verify.sql and clean-up.sql answer right on what the store wrote', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off' } })
    const database = connectPostgres({ url: server.url })
    const psql: Run = async (file, guest) => {
      const args = ['-X', '-q', '-A', '-v', 'ON_ERROR_STOP=1', '-v', `guest=${guest}`, '-f', pathOf(file), server.url]
      const { stdout } = await promisify(execFile)(join(server.binaries, 'psql'), args, { env: { PGTZ: 'UTC' } })
      return stdout
        .split(/^\(\d+ rows?\)\n/m)
        .slice(0, -1)
        .map(rowsOfTable)
    }
    await answersRight(database, psql)
    await database.close()
  })
})

describe('the statements of users, through the driver on the embedded database', () => {
  it('C1 C2 C4 C5 C7 C8 verify.sql and clean-up.sql answer right on what the store wrote', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'reprise-verify-'))
    const database = await openEmbeddedDatabase({ directory })
    const throughDriver: Run = async (file, guest) => {
      const statements = (await readFile(pathOf(file), 'utf8')).replaceAll(/^--.*\n/gm, '').split(/;\s*\n/)
      const answers: Row[][] = []
      for (const text of statements.filter(statement => statement.trim() !== '')) {
        const { rows } = await database.run<Row>(
          sql(text.replaceAll(":'guest'", '$1'), text.includes(":'guest'") ? [guest] : []),
        )
        answers.push([...rows])
      }
      return answers
    }
    await answersRight(database, throughDriver)
    await database.close()
    await rm(directory, { recursive: true })
  })
})

async function answersRight(database: Database, run: Run): Promise<void> {
  await migrate(database)
  await write(database)
  const [guests, messages, embeddings, accounts, mappings, hours, conversation, said, vectors, usage, links] =
    await run('verify.sql', 'guest-ann')
  expect(guests).toEqual([{ total: 2, unique_guests: 2 }])
  expect(messages).toEqual([{ total_messages: 4 }])
  expect(embeddings).toEqual([{ total_embeddings: 2, avg_dimensions: 4 }])
  expect(accounts).toEqual([{ guest_accounts: 2, avg_requests: 2, total_all_requests: 4 }])
  expect(mappings).toEqual([{ total_mappings: 4, unique_guests: 2 }])
  expect(hours).toEqual([
    { cache_hits: 0, cache_misses: 2, total_requests: 2, recorded_at: new Date('2026-01-31T11:00:00Z') },
    { cache_hits: 7, cache_misses: 1, total_requests: 8, recorded_at: new Date('2026-01-31T10:00:00Z') },
  ])
  const [{ id } = {}] = conversation ?? []
  expect(conversation).toMatchObject([{ user_id: 'guest-ann', platform: 'guest', message_count: 3, next_seq: 3 }])
  expect(said).toMatchObject([
    { conversation_id: id, sequence: 0, role: 'user', content: 'ann 0', timestamp: new Date('2026-01-31T10:00:00Z') },
    { conversation_id: id, sequence: 1, role: 'assistant', content: 'ann 1', message_hash: hashOf('ann 1') },
    { conversation_id: id, sequence: 2, role: 'user', content: 'ann 2' },
  ])
  expect(vectors).toHaveLength(1)
  expect(vectors).toMatchObject([
    { text_chunk: 'ann 0', embedding_dim: 3, embedding_model: 'test-model', embedding: [1, -0.5, 0.25] },
  ])
  expect(usage).toMatchObject([
    { tier: 'guest', total_requests: 3, cache_misses: 3, cache_hits: 0, monthly_request_limit: 100 },
  ])
  expect(links).toHaveLength(3)
  for (const link of links ?? [])
    expect(link).toMatchObject({ cache_backend: 'postgresql', content_backend: 'postgresql', is_synced: true })

  await run('clean-up.sql', 'guest-ann')
  const cleaned = await run('verify.sql', 'guest-ann')
  expect(cleaned[0]).toEqual([{ total: 2, unique_guests: 2 }])
  expect(cleaned[3]).toMatchObject([{ guest_accounts: 0 }])
  expect(cleaned[4]).toEqual([{ total_mappings: 0, unique_guests: 0 }])
  expect(cleaned[7]).toHaveLength(3)

  await postgresConversationStore(database).append([appendOf('guest-ann', 'user', 'ann 3')], settings)
  const later = await run('verify.sql', 'guest-ann')
  expect(later[7]).toHaveLength(4)
  expect(later[9]).toMatchObject([{ user_id: 'guest-ann', tier: 'guest', total_requests: 1, cache_misses: 1 }])
  expect(later[10]).toMatchObject([{ cache_type: 'message', cache_id: later[7]?.at(-1)?.['id'] }])
}

/** Two guests with three messages and one, a third who became a user, two embeddings, two hours. */
async function write(database: Database): Promise<void> {
  const store = postgresConversationStore(database)
  await store.append(
    [
      appendOf('guest-ann', 'user', 'ann 0', '2026-01-31T10:00:00Z'),
      appendOf('guest-bob', 'user', 'bob 0'),
      appendOf('guest-eve', 'user', 'eve 0'),
      appendOf('guest-ann', 'assistant', 'ann 1'),
      appendOf('guest-ann', 'user', 'ann 2'),
    ],
    settings,
  )
  await store.migrateGuest(parseGuestId('guest-eve'), parseUserId('user-eve'))
  const outbox = postgresOutbox(database)
  const vectors = new Map([
    ['ann 0', Float32Array.of(1, -0.5, 0.25)],
    ['bob 0', Float32Array.of(1, 2, 3, 4, 5)],
  ])
  const done = (await outbox.claim(10, 60_000)).flatMap(item => {
    const vector = vectors.get(item.content)
    return vector === undefined ? [] : [{ item, embedding: { vector, truncated: false } }]
  })
  await outbox.complete(done, 'test-model')
  const hour = { responses: 0, responseTotalMs: 0, generations: 0, generationTotalMs: 0 }
  await postgresHourlyMetrics(database).add({
    source: crypto.randomUUID(),
    number: 1,
    hours: [
      { ...hour, hourAt: parseInstant('2026-01-31T10:00:00Z'), hits: 7, misses: 1 },
      { ...hour, hourAt: parseInstant('2026-01-31T11:00:00Z'), hits: 0, misses: 2 },
    ],
    totals: undefined,
  })
}

function appendOf(guest: string, role: 'user' | 'assistant', content: string, at?: string): AppendRequest {
  const timestamp = at === undefined ? instantOf(Date.now()) : parseInstant(at)
  return {
    target: { kind: 'guest', guestId: parseGuestId(guest) },
    messageId: newMessageId(Date.now()),
    message: { role, content, timestamp },
    contentHash: hashOf(content),
    isSynced: true,
    idempotency: undefined,
  }
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Reads a table as psql prints it unaligned, values as the driver would give them. */
function rowsOfTable(table: string): Row[] {
  const [header = '', ...lines] = table.trimEnd().split('\n')
  const names = header.split('|')
  return lines.map(line =>
    Object.fromEntries(line.split('|').map((text, index) => [names[index], driverValueOf(text)])),
  )
}

function driverValueOf(text: string): unknown {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (/^\d{4}-\d\d-\d\d \d\d:/.test(text)) return new Date(text.replace(' ', 'T').replace(/\+00$/, 'Z'))
  if (text === 't' || text === 'f') return text === 't'
  return text.startsWith('[') ? JSON.parse(text) : text
}

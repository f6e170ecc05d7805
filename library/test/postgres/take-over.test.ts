import { readFile } from 'node:fs/promises'
import { type AppendRequest, instantOf, newMessageId, parseGuestId } from 'reprise'
import { type Database, migrate, postgresConversationStore } from 'reprise/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DatabaseMaker, describeOnBoth, rowsOf } from './databases.ts'

const legacy = (name: string) => readFile(new URL(`legacy/${name}.sql`, import.meta.url), 'utf8')

const settings = { enforceQuota: false, guestMonthlyLimit: 100, embed: true }

describeOnBoth('taking over populated tables', start => {
  let maker: DatabaseMaker
  let fresh: Awaited<ReturnType<typeof shapeOf>>
  beforeAll(async () => {
    maker = await start()
    const database = await maker.make()
    await migrate(database)
    fresh = await shapeOf(database)
  })
  afterAll(() => maker?.[Symbol.asyncDispose]())

  async function holding(name: string, more = ''): Promise<Database> {
    const database = await maker.make()
    const script = `${await legacy(name)};${more}`
    await database.transaction(transaction => transaction.script(script))
    return database
  }

  it('loses no message of an ORM’s tables, merges conversations and numbers them', async () => {
    const database = await holding('typed')
    await migrate(database)
    const said = await rowsOf(
      database,
      `SELECT c.user_id, c.platform, m.sequence, m.role, m.content, c.message_count, c.next_seq, c.content_bytes
       FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id ORDER BY c.user_id, c.id, m.sequence`,
    )
    const line = (who: string, platform: string, count: number, bytes: number) => ({
      ...{ user_id: who, platform, message_count: count, next_seq: count, content_bytes: bytes },
    })
    const ann = line('guest-ann', 'guest', 5, 42)
    const bob = line('guest-bob', 'guest', 4, 20)
    const eve = line('user-eve', 'user', 1, 5)
    expect(said).toEqual([
      { ...ann, sequence: 0, role: 'user', content: 'ann 0' },
      { ...ann, sequence: 1, role: 'assistant', content: 'ann 1' },
      { ...ann, sequence: 2, role: 'user', content: 'ann 2 – żółw 🐢' },
      { ...ann, sequence: 3, role: 'user', content: 'ann 3' },
      { ...ann, sequence: 4, role: 'assistant', content: 'ann 4' },
      { ...bob, sequence: 0, role: 'user', content: 'bob 0' },
      { ...bob, sequence: 1, role: 'assistant', content: 'bob 1' },
      { ...bob, sequence: 2, role: 'user', content: 'bob 2' },
      { ...bob, sequence: 3, role: 'assistant', content: 'bob 3' },
      { ...eve, sequence: 0, role: 'user', content: 'eve 0' },
      { ...eve, sequence: 0, role: 'user', content: 'eve 0' },
    ])
    expect(
      await rowsOf(
        database,
        `SELECT id, title, created_at, updated_at FROM conversation_cache WHERE user_id = 'guest-ann'`,
      ),
    ).toEqual([
      {
        id: 'a0000000-0000-4000-8000-000000000001',
        title: 'first',
        created_at: new Date('2025-01-01T10:00:00Z'),
        updated_at: new Date('2025-01-03T11:00:00Z'),
      },
    ])
    expect(
      await rowsOf(database, `SELECT timestamp, message_hash, tokens FROM message_cache WHERE content = 'bob 0'`),
    ).toEqual([
      { timestamp: new Date('2025-01-01T12:00:00Z'), message_hash: expect.stringMatching(/^[0-9a-f]{32}$/), tokens: 1 },
    ])
    expect(await rowsOf(database, 'SELECT * FROM pinned')).toEqual([
      { conversation_id: 'a0000000-0000-4000-8000-000000000001' },
    ])
    expect(await rowsOf(database, 'SELECT * FROM rating')).toEqual([
      { message_id: 'b0000000-0000-4000-8000-000000000009', stars: 5 },
    ])
  })

  it('keeps accounts, hours, mappings, migrations and vectors of an ORM’s tables', async () => {
    const database = await holding('typed')
    await migrate(database)
    expect(
      await rowsOf(
        database,
        `SELECT user_id, tier, total_requests, cache_hits, cache_misses, monthly_request_limit FROM usage_metrics ORDER BY user_id`,
      ),
    ).toEqual([
      {
        user_id: 'guest-ann',
        tier: 'guest',
        total_requests: 5,
        cache_hits: 0,
        cache_misses: 5,
        monthly_request_limit: 100,
      },
      {
        user_id: 'guest-bob',
        tier: 'guest',
        total_requests: 4,
        cache_hits: 0,
        cache_misses: 4,
        monthly_request_limit: null,
      },
      {
        user_id: 'user-eve',
        tier: 'pro',
        total_requests: 2,
        cache_hits: 1,
        cache_misses: 1,
        monthly_request_limit: 5000,
      },
    ])
    expect(
      await rowsOf(
        database,
        `SELECT recorded_at, cache_hits, cache_misses, total_requests, total_entries, storage_size_mb, avg_response_time,
                avg_generation_time, response_count, generation_count FROM cache_metrics ORDER BY recorded_at`,
      ),
    ).toEqual([
      {
        recorded_at: new Date('2025-01-01T10:00:00Z'),
        ...{ cache_hits: 16, cache_misses: 24, total_requests: 40, total_entries: 5, storage_size_mb: 2.5 },
        ...{
          avg_response_time: 40,
          response_count: 40,
          avg_generation_time: (4 * 50 + 20 * 10) / 24,
          generation_count: 24,
        },
      },
      {
        recorded_at: new Date('2025-01-01T11:00:00Z'),
        ...{ cache_hits: 1, cache_misses: 0, total_requests: 1, total_entries: 7, storage_size_mb: 3.5 },
        ...{ avg_response_time: 5, response_count: 1, avg_generation_time: 0, generation_count: 0 },
      },
    ])
    const mappings = await rowsOf<{ content: string }>(
      database,
      `SELECT m.content, k.user_id, k.content_id, k.is_synced FROM cache_content_mapping k
       JOIN message_cache m ON m.id = k.cache_id WHERE k.cache_type = 'message' ORDER BY m.content, k.user_id`,
    )
    expect(mappings).toHaveLength(11)
    expect(mappings[0]).toEqual({
      ...{
        content: 'ann 0',
        user_id: 'guest-ann',
        content_id: 'f0000000-0000-4000-8000-000000000001',
        is_synced: false,
      },
    })
    expect(await rowsOf(database, 'SELECT * FROM cache_migrations')).toMatchObject([
      { status: 'completed', records_migrated: 2, messages_migrated: 2, notes: expect.stringContaining('guest-eve') },
    ])
    expect(
      await rowsOf(database, 'SELECT guest_id, conversation_id, migrated_to FROM reprise_guest ORDER BY guest_id'),
    ).toEqual([
      { guest_id: 'guest-ann', conversation_id: 'a0000000-0000-4000-8000-000000000001', migrated_to: null },
      { guest_id: 'guest-bob', conversation_id: 'a0000000-0000-4000-8000-000000000003', migrated_to: null },
    ])
    const vectors = await rowsOf<{ embedding_binary: Uint8Array }>(
      database,
      `SELECT e.embedding, e.embedding_binary, e.embedding_dim, m.content AS said FROM cache_embeddings e
       LEFT JOIN message_cache m ON m.id = e.message_id ORDER BY e.id`,
    )
    expect(vectors).toMatchObject([
      { embedding: [0.25, -1, 1e-42, 3], embedding_dim: 4, said: 'ann 0' },
      { embedding: [1, 2], embedding_dim: 2, said: 'ann 3' },
      { embedding: [5], embedding_dim: 1, said: null },
    ])
    expect(vectors.map(row => Array.from(floatsOf(row.embedding_binary)))).toEqual([[0.25, -1, 0, 3], [1, 2], [5]])
  })

  it('finds an owner for everything in tables without keys, and fills what is missing', async () => {
    const database = await holding('bare')
    await migrate(database)
    expect(
      await rowsOf(
        database,
        `SELECT regexp_replace(c.user_id, '^unowned:.*', 'unowned') AS owner, m.sequence, m.role, m.content, m.timestamp
         FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id
         WHERE m.content <> 'of none at all' ORDER BY owner, m.content, m.sequence`,
      ),
    ).toEqual([
      { owner: 'guest-ann', sequence: 0, role: 'user', content: 'ann 0', timestamp: new Date('2025-01-01T10:00:00Z') },
      {
        owner: 'guest-ann',
        sequence: 1,
        role: 'assistant',
        content: 'ann 1',
        timestamp: new Date('2025-01-01T10:00:00Z'),
      },
      { owner: 'guest-ann', sequence: 2, role: 'user', content: 'ann 2', timestamp: new Date('2025-01-01T10:01:00Z') },
      { owner: 'unowned', sequence: 0, role: 'user', content: '', timestamp: new Date('2025-01-01T10:02:00Z') },
      {
        owner: 'unowned',
        sequence: 0,
        role: 'user',
        content: 'of no conversation',
        timestamp: new Date('2025-01-01T10:02:00Z'),
      },
    ])
    expect(
      await rowsOf(database, `SELECT count(*) AS kept FROM message_cache WHERE content = 'of none at all'`),
    ).toEqual([{ kept: 1 }])
    expect(await rowsOf(database, 'SELECT count(*) AS mapped FROM cache_content_mapping')).toEqual([{ mapped: 6 }])
    expect(
      await rowsOf(
        database,
        'SELECT e.embedding, m.content FROM cache_embeddings e JOIN message_cache m ON m.id = e.message_id ORDER BY 2',
      ),
    ).toEqual([
      { embedding: [1.5, 2.5], content: 'ann 0' },
      { embedding: [3.5, 4.5], content: 'ann 2' },
    ])
    expect(
      await rowsOf(
        database,
        'SELECT user_id, tier, total_requests, cache_hits, cache_misses FROM usage_metrics ORDER BY 1, 2',
      ),
    ).toEqual([
      { user_id: 'guest-ann', tier: 'guest', total_requests: 10, cache_hits: 1, cache_misses: 9 },
      { user_id: 'guest-ann', tier: 'user', total_requests: 2, cache_hits: 0, cache_misses: 2 },
      { user_id: 'guest-bob', tier: 'guest', total_requests: 0, cache_hits: 0, cache_misses: 0 },
    ])
    expect(await rowsOf(database, 'SELECT recorded_at, total_requests, avg_response_time FROM cache_metrics')).toEqual([
      { recorded_at: new Date('2025-01-01T10:00:00Z'), total_requests: 8, avg_response_time: 40 },
    ])
  })

  it.each(['typed', 'bare'])('gives %s tables the columns, keys and indexes of new ones', async name => {
    const database = await holding(name)
    await migrate(database)
    const taken = await shapeOf(database)
    for (const part of ['columns', 'constraints', 'indexes'] as const)
      expect(taken[part]).toEqual(expect.arrayContaining(fresh[part]))
    expect(
      await rowsOf(
        database,
        `SELECT relname FROM pg_class WHERE relname LIKE 'reprise_old%' OR relname LIKE 'reprise_take%'`,
      ),
    ).toEqual([])
  })

  it.each(['typed', 'bare'])('lets guests of %s tables go on, and be erased', async name => {
    const database = await holding(name)
    await migrate(database)
    const store = postgresConversationStore(database)
    const [ann] = await store.fences([parseGuestId('guest-ann')])
    const outcomes = await store.append([appendOf('guest-ann', 'more'), appendOf('guest-new', 'first')], settings)
    expect(outcomes).toMatchObject([
      { kind: 'saved', sequence: ann?.kind === 'active' ? ann.nextSequence : 'none' },
      { kind: 'saved', sequence: 0 },
    ])
    expect(await store.eraseGuest(parseGuestId('guest-ann'))).toMatchObject({
      kind: 'erased',
      rows: { conversation_cache: 1 },
    })
    expect(await rowsOf(database, `SELECT count(*) AS left FROM message_cache WHERE content LIKE 'ann%'`)).toEqual([
      { left: 0 },
    ])
  })

  it('keeps foreign keys and triggers, but none that forbids to write or erase', async () => {
    const database = await holding('typed')
    await migrate(database)
    const keys = await rowsOf<{ name: string }>(
      database,
      `SELECT conrelid::regclass::text AS name, condeferred FROM pg_constraint WHERE contype = 'f' ORDER BY 1`,
    )
    expect(keys).toEqual([
      { name: 'cache_content_mapping', condeferred: true },
      { name: 'cache_embeddings', condeferred: true },
      { name: 'message_cache', condeferred: true },
    ])
    expect(await rowsOf(database, `SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal`)).toEqual([
      { tgname: 'touch_conversation', tgenabled: 'O' },
    ])
    await database.run({
      ...{ text: `INSERT INTO conversation_cache (user_id, platform) VALUES ('guest-zoe', 'guest')`, values: [] },
      labels: { queryType: 'INSERT', table: 'conversation_cache' },
    })
  })

  it('keeps a foreign key that says what becomes of the rows that point here', async () => {
    const tables = `CREATE TABLE conversation_cache (id uuid PRIMARY KEY, user_id text NOT NULL, platform text);
      CREATE TABLE note (conversation_id uuid REFERENCES conversation_cache (id) ON DELETE SET NULL, words text);
      INSERT INTO conversation_cache VALUES ('a0000000-0000-4000-8000-000000000001', 'ann', 'guest'),
                                            ('a0000000-0000-4000-8000-000000000002', 'ann', 'guest');
      INSERT INTO note VALUES ('a0000000-0000-4000-8000-000000000001', 'one'), ('a0000000-0000-4000-8000-000000000002', 'two')`
    const database = await maker.make()
    await database.transaction(transaction => transaction.script(tables))
    await migrate(database)
    expect(
      await rowsOf(database, 'SELECT count(DISTINCT conversation_id) AS kept, count(*) AS notes FROM note'),
    ).toEqual([{ kept: 1, notes: 2 }])
    await database.transaction(transaction => transaction.script('DELETE FROM conversation_cache'))
    expect(await rowsOf(database, 'SELECT * FROM note ORDER BY words')).toEqual([
      { conversation_id: null, words: 'one' },
      { conversation_id: null, words: 'two' },
    ])
  })

  it.each(['typed', 'bare'])('changes nothing of %s tables the second time, and suffers two at once', async name => {
    const database = await holding(name)
    const both = await Promise.all([migrate(database), migrate(database)])
    expect(both.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
    const content = await contentOf(database)
    expect(await migrate(database)).toEqual({ applied: [] })
    expect(await contentOf(database)).toEqual(content)
  })

  it.each([
    [
      'numbers as ids',
      'CREATE TABLE message_cache (id serial PRIMARY KEY, conversation_id uuid, content text)',
      /message_cache.id is integer.*UUID/,
    ],
    [
      'texts that are no UUIDs',
      `CREATE TABLE usage_metrics (id text, user_id text); INSERT INTO usage_metrics VALUES ('seven', 'ann')`,
      /usage_metrics.id holds 1 values that are no UUIDs/,
    ],
    [
      'no content',
      'CREATE TABLE message_cache (id uuid, conversation_id uuid, body text)',
      /message_cache has no column content/,
    ],
    [
      'a view in the way',
      'CREATE TABLE message_cache (id text, conversation_id uuid, content text); CREATE VIEW seen AS SELECT id FROM message_cache',
      /the view seen reads message_cache.id/,
    ],
    ['a view of that name', 'CREATE VIEW message_cache AS SELECT 1 AS id', /message_cache is a view/],
    [
      'a broken vector',
      `CREATE TABLE cache_embeddings (conversation_id uuid, embedding text); INSERT INTO cache_embeddings VALUES (NULL, 'my secret')`,
      /cache_embeddings cannot be read/,
    ],
  ])('refuses %s with words, and changes nothing', async (_, script, words) => {
    const database = await maker.make()
    const rich = `${script};CREATE TABLE conversation_cache (id uuid PRIMARY KEY, user_id varchar(10) NOT NULL UNIQUE, platform text)`
    await database.transaction(transaction => transaction.script(rich))
    const before = await shapeOf(database)
    const refusal = await migrate(database).catch(error => error)
    expect(refusal).toMatchObject({ code: 'migration_failed', message: expect.stringMatching(words) })
    expect(refusal.message).not.toContain('secret')
    expect(await shapeOf(database)).toEqual(before)
  })
})

function appendOf(guest: string, content: string): AppendRequest {
  return {
    target: { kind: 'guest', guestId: parseGuestId(guest) },
    messageId: newMessageId(Date.now()),
    message: { role: 'tool', content, timestamp: instantOf(Date.now()) },
    contentHash: 'hash',
    idempotency: { key: `key ${content}`, fingerprint: 'print' },
  }
}

function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer)
}

/** Columns, constraints and indexes of all tables but the record of migrations. */
async function shapeOf(database: Database) {
  const columns = await rowsOf<object>(
    database,
    `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
     WHERE table_schema = 'public' ORDER BY 1, 2`,
  )
  const constraints = await rowsOf<object>(
    database,
    `SELECT conrelid::regclass::text AS name, conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2`,
  )
  const indexes = await rowsOf<object>(
    database,
    `SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2`,
  )
  return { columns, constraints, indexes }
}

async function contentOf(database: Database): Promise<unknown[]> {
  const tables = await rowsOf<{ name: string }>(
    database,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  )
  return Promise.all(tables.map(({ name }) => rowsOf(database, `SELECT t::text FROM ${name} t ORDER BY 1`)))
}

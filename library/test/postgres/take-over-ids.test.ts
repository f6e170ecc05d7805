import { parseGuestId } from 'reprise'
import { migrate, postgresConversationStore } from 'reprise/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DatabaseMaker, describeOnBoth, rowsOf } from './databases.ts'
import { holding } from './legacy/holding.ts'

const whole = { afterSequence: -1, limit: 100, maxBytes: 1_000_000 }

describeOnBoth('taking over ids that are no UUIDs', start => {
  let maker: DatabaseMaker
  beforeAll(async () => {
    maker = await start()
  })
  afterAll(() => maker?.[Symbol.asyncDispose]())

  async function contents(database: Awaited<ReturnType<typeof holding>>, guest: string) {
    const page = await postgresConversationStore(database).page({ kind: 'guest', guestId: parseGuestId(guest) }, whole)
    return page.kind === 'page' ? page.messages.map(({ content }) => content) : page.kind
  }

  it('gives numbered rows UUIDs by which they still name each other', async () => {
    const database = await holding(maker, 'numbered')
    await migrate(database)
    expect(await contents(database, 'guest-ann')).toEqual(['one', 'two!', 'three', 'four'])
    expect(await contents(database, 'guest-bob')).toEqual(['ahoy'])
    const linked = `SELECT m.content, e.text_chunk, e.embedding::text, k.user_id, m.language, m.sequence
      FROM message_cache m JOIN cache_embeddings e ON e.message_id = m.id
      JOIN cache_content_mapping k ON k.cache_id = m.id AND k.content_id = reprise_uuid('generated_content', '17')
      WHERE m.id = reprise_uuid('message_cache', '2')`
    expect(await rowsOf(database, linked)).toEqual([
      {
        content: 'one',
        text_chunk: 'one',
        embedding: '[0.25,-1,3]',
        user_id: 'guest-ann',
        language: 'en',
        sequence: 0,
      },
    ])
    expect(await rowsOf(database, 'SELECT user_id, total_requests FROM usage_metrics ORDER BY 1')).toEqual([
      { user_id: 'guest-ann', total_requests: 4 },
      { user_id: 'guest-bob', total_requests: 1 },
    ])
    expect(await rowsOf(database, 'SELECT recorded_at, total_requests FROM cache_metrics')).toEqual([
      { recorded_at: new Date('2025-01-01T10:00:00Z'), total_requests: 4 },
    ])
    expect(
      await rowsOf(database, `SELECT id::text ~ '^.{14}8.{4}[89ab]' AS is_uuid FROM message_cache LIMIT 1`),
    ).toEqual([{ is_uuid: true }])
  })

  it('brings back views, with what was granted and said of them, and tells what becomes of others’ keys', async () => {
    const database = await holding(maker, 'numbered')
    const { notes } = await migrate(database)
    expect(notes).toEqual([
      "foreign key rating_message_id_fkey of rating to message_cache is left out: ids are UUIDs now; ALTER TABLE rating ALTER COLUMN message_id TYPE uuid USING reprise_uuid('message_cache', message_id::text) brings rating along",
    ])
    await database.transaction(transaction =>
      transaction.script(
        `ALTER TABLE rating ALTER COLUMN message_id TYPE uuid USING reprise_uuid('message_cache', message_id::text)`,
      ),
    )
    expect(await rowsOf(database, 'SELECT content, stars FROM rating JOIN words ON id = message_id')).toEqual([
      { content: 'one', stars: 5 },
    ])
    expect(await rowsOf(database, 'SELECT content FROM long_words ORDER BY 1')).toHaveLength(4)
    expect(await rowsOf(database, 'SELECT * FROM word_counts ORDER BY 1')).toEqual([
      { user_id: 'guest-ann', words: 4 },
      { user_id: 'guest-bob', words: 1 },
    ])
    const about = `SELECT obj_description('words'::regclass) AS said, to_regclass('word_counts_by_user') IS NOT NULL AS indexed,
      has_table_privilege('pg_monitor', 'words', 'SELECT') AS granted`
    expect(await rowsOf(database, about)).toEqual([{ said: 'who said what', indexed: true, granted: true }])
  })

  it('takes any text for an id, and leaves those that are UUIDs as they are', async () => {
    const database = await maker.make()
    const uuid = 'a0000000-0000-4000-8000-000000000001'
    const tables = `CREATE TABLE conversation_cache (id text PRIMARY KEY, user_id text, platform text);
      CREATE TABLE message_cache (id varchar(40), conversation_id text, content text, role text, sequence integer);
      INSERT INTO conversation_cache VALUES ('chat-7', 'ann', 'guest'), ('${uuid.toUpperCase()}', 'bob', 'guest');
      INSERT INTO message_cache VALUES ('m1', 'chat-7', 'hello', 'user', 0), ('m2', ' chat-7', 'ann', 'user', 1),
        (NULL, '${uuid}', 'bob', 'user', 0), ('', 'gone', 'nobody', 'user', 0)`
    await database.transaction(transaction => transaction.script(tables))
    expect((await migrate(database)).notes).toEqual([])
    expect(await contents(database, 'ann')).toEqual(['hello', 'ann'])
    expect(await contents(database, 'bob')).toEqual(['bob'])
    expect(await rowsOf(database, `SELECT user_id FROM conversation_cache WHERE id = '${uuid}'`)).toEqual([
      { user_id: 'bob' },
    ])
    expect(await rowsOf(database, `SELECT count(*) AS all FROM message_cache`)).toEqual([{ all: 4 }])
  })

  it('takes over many numbered messages, each guest’s in order', async () => {
    const database = await maker.make()
    const tables = `CREATE TABLE conversation_cache (id serial PRIMARY KEY, user_id text, platform text);
      CREATE TABLE message_cache (id serial PRIMARY KEY, conversation_id integer REFERENCES conversation_cache,
                                  role text, content text, created_at timestamp);
      INSERT INTO conversation_cache (user_id, platform) SELECT 'guest-' || n, 'guest' FROM generate_series(1, 2000) n;
      INSERT INTO message_cache (conversation_id, role, content, created_at)
      SELECT 1 + n % 2000, 'user', 'message ' || n, '2025-01-01'::timestamp + n * interval '1 second'
      FROM generate_series(0, 19999) n`
    await database.transaction(transaction => transaction.script(tables))
    await migrate(database)
    expect((await contents(database, 'guest-2000')).slice(0, 2)).toEqual(['message 1999', 'message 3999'])
    const counted = `SELECT count(*) AS all, sum(message_count) AS counted FROM conversation_cache`
    expect(await rowsOf(database, counted)).toEqual([{ all: 2000, counted: 20_000 }])
  }, 120_000)
})

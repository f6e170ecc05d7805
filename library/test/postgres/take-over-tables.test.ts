import { type AppendRequest, instantOf, newMessageId, parseGuestId } from 'reprise'
import { type Database, migrate, postgresConversationStore } from 'reprise/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DatabaseMaker, describeOnBoth, rowsOf } from './databases.ts'
import { holding } from './legacy/holding.ts'

const settings = { enforceQuota: false, guestMonthlyLimit: 100, embed: true }

describeOnBoth('taking over tables', start => {
  let maker: DatabaseMaker
  let fresh: Awaited<ReturnType<typeof shapeOf>>
  beforeAll(async () => {
    maker = await start()
    const database = await maker.make()
    await migrate(database)
    fresh = await shapeOf(database)
  })
  afterAll(() => maker?.[Symbol.asyncDispose]())

  it.each(['typed', 'bare'])('gives %s tables the columns, keys and indexes of new ones', async name => {
    const database = await holding(maker, name)
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
    const database = await holding(maker, name)
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
    const database = await holding(maker, 'typed')
    const { notes } = await migrate(database)
    expect([...notes].sort()).toEqual([
      expect.stringMatching(/^foreign key of pinned to conversation_cache is left out: .*cannot be implemented$/),
      'foreign key of rating to message_cache is left out: it would refuse rows or deletions',
      expect.stringMatching(
        /^index embeddings_by_content of cache_embeddings is left out: .*json has no default operator class/,
      ),
      expect.stringMatching(
        /^index messages_by_conversation of message_cache is left out: .*does not accept data type uuid/,
      ),
    ])
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

  it('keeps keys on columns that are somebody else’s, and all rows of tables whose names are ours now', async () => {
    const database = await maker.make()
    const tables = `CREATE TABLE tenant (id integer PRIMARY KEY); INSERT INTO tenant VALUES (7);
      CREATE TABLE account (name text PRIMARY KEY); INSERT INTO account VALUES ('ann');
      CREATE TABLE generated_content (id uuid PRIMARY KEY, words text);
      CREATE TABLE prompt_cache (id serial PRIMARY KEY, prompt_hash text);
      CREATE TABLE usage_metrics (id uuid PRIMARY KEY, user_id text REFERENCES account, tenant_id integer REFERENCES tenant);
      CREATE TABLE cache_content_mapping (id uuid, cache_id uuid, content_id uuid REFERENCES generated_content);
      INSERT INTO generated_content VALUES ('a0000000-0000-4000-8000-000000000001', 'poem');
      INSERT INTO prompt_cache VALUES (DEFAULT, 'hash');
      INSERT INTO usage_metrics VALUES ('a0000000-0000-4000-8000-000000000002', 'ann', 7);
      INSERT INTO cache_content_mapping VALUES (NULL, 'a0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001')`
    await database.transaction(transaction => transaction.script(tables))
    const { notes } = await migrate(database)
    expect(notes).toEqual([
      'foreign key usage_metrics_user_id_fkey of usage_metrics is left out: it would refuse rows or deletions',
      'table generated_content is kept as generated_content_earlier',
      'table prompt_cache is kept as prompt_cache_earlier',
    ])
    const keys = await rowsOf(database, `SELECT conname FROM pg_constraint WHERE contype = 'f' ORDER BY 1`)
    expect(keys).toEqual([{ conname: 'usage_metrics_tenant_id_fkey' }])
    const prompts = await rowsOf(database, 'SELECT id, prompt_hash FROM prompt_cache_earlier')
    expect(prompts).toEqual([{ id: 1, prompt_hash: 'hash' }])
    expect(await rowsOf(database, 'SELECT words FROM generated_content_earlier')).toEqual([{ words: 'poem' }])
    expect(await rowsOf(database, 'SELECT cache_key FROM prompt_cache')).toEqual([])
    expect(await rowsOf(database, 'SELECT user_id, tenant_id FROM usage_metrics')).toEqual([
      { user_id: 'ann', tenant_id: 7 },
    ])
  })

  it('takes back our own tables that were restored without the others', async () => {
    const database = await maker.make()
    await migrate(database)
    const store = postgresConversationStore(database)
    await store.append([appendOf('guest-ann', 'one'), appendOf('guest-ann', 'two')], settings)
    const contract =
      'SELECT m::text, c::text FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id ORDER BY 1'
    const before = await rowsOf(database, contract)
    const generated = `INSERT INTO generated_content (user_id, content_type, model, prompt_hash, content)
      VALUES ('ann', 'messages', 'm', 'h', 'words') RETURNING id`
    const [{ id } = { id: '' }] = await rowsOf<{ readonly id: string }>(database, generated)
    await database.transaction(transaction =>
      transaction.script(`DROP TABLE reprise_guest, reprise_idempotency, reprise_outbox, reprise_copy_deletion,
        reprise_metrics_flush, reprise_migrations, reprise_model_usage, reprise_secret, reprise_forgotten;
        DROP FUNCTION reprise_append, reprise_keep_answer, reprise_answers_lock;
        DROP FUNCTION reprise_first_epoch, reprise_month CASCADE`),
    )
    expect((await migrate(database)).notes).toEqual([])
    expect(await rowsOf(database, contract)).toEqual(before)
    expect(await rowsOf(database, 'SELECT id, content FROM generated_content')).toEqual([{ id, content: 'words' }])
    expect((await shapeOf(database)).indexes).toEqual(fresh.indexes)
    const [outcome] = await store.append([appendOf('guest-ann', 'three')], settings)
    expect(outcome).toMatchObject({ kind: 'saved', sequence: 2 })
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
    const database = await holding(maker, name)
    const both = await Promise.all([migrate(database), migrate(database)])
    expect(both.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
    const content = await contentOf(database)
    expect(await migrate(database)).toEqual({ applied: [], notes: [] })
    expect(await contentOf(database)).toEqual(content)
  })

  it.each([
    [
      'ids of a kind that cannot be told',
      'CREATE TABLE message_cache (id json, conversation_id uuid, content text)',
      /message_cache.id is json, and uuid is needed/,
    ],
    [
      'columns in camelCase',
      'CREATE TABLE message_cache (id uuid, "conversationId" uuid, content text, "messageHash" text)',
      /ALTER TABLE message_cache RENAME COLUMN "conversationId" TO conversation_id; ALTER TABLE message_cache RENAME COLUMN "messageHash" TO message_hash;/,
    ],
    [
      'no content',
      'CREATE TABLE message_cache (id uuid, conversation_id uuid, body text)',
      /message_cache has no column content/,
    ],
    [
      'a view that reads ids as numbers',
      'CREATE TABLE message_cache (id integer, conversation_id uuid, content text); CREATE VIEW seen AS SELECT id + 1 AS next FROM message_cache',
      /the view seen does not suit the tables as they become \(operator does not exist: uuid \+ integer\)/,
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
    isSynced: true,
    idempotency: { key: `key ${content}`, fingerprint: 'print' },
  }
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

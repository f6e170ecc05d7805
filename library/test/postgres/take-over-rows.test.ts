import { migrate } from 'reprise/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DatabaseMaker, describeOnBoth, rowsOf } from './databases.ts'
import { holding } from './legacy/holding.ts'

describeOnBoth('taking over rows', start => {
  let maker: DatabaseMaker
  beforeAll(async () => {
    maker = await start()
  })
  afterAll(() => maker?.[Symbol.asyncDispose]())

  it('loses no message of an ORM’s tables, merges conversations and numbers them', async () => {
    const database = await holding(maker, 'typed')
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
    const database = await holding(maker, 'typed')
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
    const database = await holding(maker, 'bare')
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
})

function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer)
}

import { hash, randomUUID } from 'node:crypto'
import {
  type AppendRequest,
  type ConversationRef,
  type GuestId,
  newMessageId,
  parseGuestId,
  parseInstant,
  parseUserId,
} from 'reprise'
import { postgresConversationStore, postgresOutbox, StatementError } from 'reprise/postgres'
import { describe, expect, it } from 'vitest'
import { describeOnBoth } from './both-databases.ts'
import { rowsOf } from './rows-of.ts'

const settings = { enforceQuota: false, guestMonthlyLimit: 100, embed: true }
const enforced = { ...settings, enforceQuota: true }

function say(target: ConversationRef, content: string, key?: string): AppendRequest {
  const contentHash = hash('sha256', content)
  return {
    target,
    messageId: newMessageId(Date.now()),
    message: { role: 'user', content, timestamp: parseInstant('2026-01-31T12:00:00.25Z') },
    contentHash,
    isSynced: true,
    idempotency: key === undefined ? undefined : { key, fingerprint: contentHash },
  }
}

const newGuest = () => parseGuestId(`guest-${randomUUID()}`)
const newUser = () => parseUserId(`user-${randomUUID()}`)
const guest = (guestId: GuestId) => ({ kind: 'guest', guestId }) as const

describeOnBoth('the tables of conversations', databases => {
  const store = () => postgresConversationStore(databases.database)
  const rows = <Row = Record<string, unknown>>(text: string, values: readonly unknown[] = []) =>
    rowsOf<Row>(databases.database, text, values)
  const tell = (guestId: GuestId, ...contents: string[]) =>
    store().append(
      contents.map(content => say(guest(guestId), content)),
      settings,
    )

  it('C1 C2 C8 hold one row per conversation, per message and per mapping', async () => {
    const guestId = newGuest()
    await tell(guestId, 'hello', 'how are you?')
    const [conversation] = await rows('SELECT * FROM conversation_cache WHERE user_id = $1', [guestId])
    expect(conversation).toMatchObject({ user_id: guestId, platform: 'guest', message_count: 2 })
    const messages = await rows<{ id: string }>(
      'SELECT * FROM message_cache WHERE conversation_id = $1 ORDER BY sequence',
      [conversation?.['id']],
    )
    const timestamp = new Date('2026-01-31T12:00:00.250Z')
    expect(messages).toMatchObject([
      { sequence: 0, role: 'user', content: 'hello', message_hash: hash('sha256', 'hello'), timestamp },
      { sequence: 1, role: 'user', content: 'how are you?', message_hash: hash('sha256', 'how are you?'), timestamp },
    ])
    const mappings = await rows(
      'SELECT p.* FROM cache_content_mapping p JOIN message_cache m ON m.id = p.cache_id WHERE p.user_id = $1 ORDER BY m.sequence',
      [guestId],
    )
    const backends = { cache_backend: 'postgresql', content_backend: 'postgresql' }
    expect(mappings).toMatchObject(
      messages.map(({ id }) => ({
        cache_type: 'message',
        cache_id: id,
        content_id: null,
        is_synced: true,
        ...backends,
      })),
    )
  })

  it('A5 C7 count each guest in one row of its own', async () => {
    const [one, two] = [newGuest(), newGuest()]
    await store().append([say(guest(one), 'a', 'k'), say(guest(two), 'b'), say(guest(one), 'c')], settings)
    await store().append([say(guest(one), 'a', 'k')], settings)
    const usage = await rows('SELECT * FROM usage_metrics WHERE user_id = ANY ($1) ORDER BY total_requests', [
      [one, two],
    ])
    const common = { tier: 'guest', cache_hits: 0, monthly_request_limit: 100 }
    expect(usage).toMatchObject([
      { user_id: two, total_requests: 1, cache_misses: 1, month_requests: 1, ...common },
      { user_id: one, total_requests: 2, cache_misses: 2, month_requests: 2, ...common },
    ])
  })

  it('C7 begins a new row after operators deleted it, and the chat goes on', async () => {
    const guestId = newGuest()
    await tell(guestId, 'a')
    await rows(
      `DELETE FROM cache_content_mapping WHERE user_id = $1 AND user_id IN (SELECT user_id FROM usage_metrics WHERE tier = 'guest')`,
      [guestId],
    )
    await rows(`DELETE FROM usage_metrics WHERE tier = 'guest' AND user_id = $1`, [guestId])
    const [outcome] = await tell(guestId, 'b')
    expect(outcome).toMatchObject({ kind: 'saved', sequence: 1 })
    const usage = await rows('SELECT total_requests FROM usage_metrics WHERE user_id = $1', [guestId])
    expect(usage).toEqual([{ total_requests: 1 }])
    expect(await store().eraseGuest(guestId)).toMatchObject({ rows: { message_cache: 2, cache_content_mapping: 1 } })
  })

  it('C7 grants the quota anew each month, and goes on counting for life', async () => {
    const guestId = newGuest()
    await store().append([say(guest(guestId), 'a'), say(guest(guestId), 'b')], { ...enforced, guestMonthlyLimit: 2 })
    const full = await store().append([say(guest(guestId), 'c')], enforced)
    expect(full).toEqual([{ kind: 'over_quota', limit: 2 }])
    await rows(`UPDATE usage_metrics SET month = month - interval '1 month' WHERE user_id = $1`, [guestId])
    const next = await store().append(
      ['c', 'd', 'e'].map(content => say(guest(guestId), content)),
      enforced,
    )
    expect(next.map(outcome => outcome.kind)).toEqual(['saved', 'saved', 'over_quota'])
    const usage = await rows('SELECT total_requests, month_requests FROM usage_metrics WHERE user_id = $1', [guestId])
    expect(usage).toEqual([{ total_requests: 4, month_requests: 2 }])
  })

  it('C7 a limit that operators changed holds', async () => {
    const guestId = newGuest()
    await tell(guestId, 'a')
    await rows('UPDATE usage_metrics SET monthly_request_limit = 2 WHERE user_id = $1', [guestId])
    const outcomes = await store().append([say(guest(guestId), 'b'), say(guest(guestId), 'c')], enforced)
    expect(outcomes).toMatchObject([{ kind: 'saved' }, { kind: 'over_quota', limit: 2 }])
    await rows('UPDATE usage_metrics SET monthly_request_limit = NULL WHERE user_id = $1', [guestId])
    const [outcome] = await store().append([say(guest(guestId), 'c')], enforced)
    expect(outcome).toMatchObject({ kind: 'saved' })
  })

  it('embeds only what asks for it', async () => {
    const guestId = newGuest()
    const [first] = await tell(guestId, 'a')
    await store().append([say(guest(guestId), 'b')], { ...settings, embed: false })
    const waiting = await rows(
      'SELECT o.message_id FROM reprise_outbox o JOIN conversation_cache c ON c.id = o.conversation_id WHERE c.user_id = $1',
      [guestId],
    )
    expect(waiting).toEqual([{ message_id: first?.kind === 'saved' ? first.messageId : '' }])
  })

  it('A3 leave nothing of what an erased guest said, in whatever table', async () => {
    const guestId = newGuest()
    const secret = `secret-${randomUUID()}`
    await store().append([say(guest(guestId), `${secret} one`, 'k'), say(guest(guestId), `${secret} two`)], settings)
    const outbox = postgresOutbox(databases.database)
    const items = (await outbox.claim(1_000, 60_000)).filter(item => item.content.startsWith(secret))
    const embedding = { vector: Float32Array.from([1, 2]), truncated: false }
    expect(
      await outbox.complete(
        items.slice(0, 1).map(item => ({ item, embedding })),
        'm',
      ),
    ).toHaveLength(1)
    const [{ conversation_id: id } = { conversation_id: '' }] = await rows<{ conversation_id: string }>(
      'SELECT conversation_id FROM reprise_guest WHERE guest_id = $1',
      [guestId],
    )
    expect(await tablesThatHold(secret)).toEqual(['cache_embeddings', 'message_cache'])

    expect(await store().eraseGuest(guestId)).toMatchObject({
      rows: {
        conversation_cache: 1,
        message_cache: 2,
        cache_embeddings: 1,
        cache_content_mapping: 2,
        reprise_outbox: 1,
        reprise_idempotency: 1,
      },
    })
    expect(await tablesThatHold(secret)).toEqual([])
    expect(await tablesThatHold(id)).toEqual([])
    expect(await tablesThatHold(guestId)).toEqual(['reprise_copy_deletion', 'reprise_guest', 'usage_metrics'])
    // A worker that is late brings nothing back.
    expect(
      await outbox.complete(
        items.map(item => ({ item, embedding })),
        'm',
      ),
    ).toEqual([])
    expect(await tablesThatHold(secret)).toEqual([])
  })

  async function tablesThatHold(text: string): Promise<readonly string[]> {
    const tables = await rows<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
    )
    const holding: string[] = []
    for (const { name } of tables) {
      const found = await rows(`SELECT 1 FROM ${name} t WHERE strpos(t::text, $1) > 0 LIMIT 1`, [text])
      if (found.length > 0) holding.push(name)
    }
    return holding
  }

  describe('C6 migrations', () => {
    const audit = (guestId: GuestId) =>
      rows('SELECT * FROM cache_migrations WHERE guest_id = $1 ORDER BY started_at', [guestId])

    it('C6 write one completed row, and a failed one for another user', async () => {
      const [guestId, userId] = [newGuest(), newUser()]
      await tell(guestId, 'only')
      const outcome = await store().migrateGuest(guestId, userId)
      const [completed] = await audit(guestId)
      expect(completed).toMatchObject({
        version: '1.0',
        migration_type: 'guest_to_user',
        status: 'completed',
        records_migrated: 1,
        records_failed: 0,
        source: 'guest_session',
        destination: 'authenticated_user',
        notes: `Migrated 1 conversations with 1 messages from guest ${guestId}`,
      })
      expect(outcome).toMatchObject({ receipt: { migrationId: completed?.['id'] } })
      await store().migrateGuest(guestId, userId)
      await store().migrateGuest(guestId, newUser())
      expect((await audit(guestId)).map(row => row['status'])).toEqual(['completed', 'failed'])
      await expect(
        rows(
          `INSERT INTO cache_migrations (migration_type, status, source, destination, guest_id) VALUES ('guest_to_user', 'completed', '', '', $1)`,
          [guestId],
        ),
      ).rejects.toThrow('cache_migrations_one_completed')
    })

    it('A4 change the owner of all rows, and carry the usage over', async () => {
      const [first, second, userId] = [newGuest(), newGuest(), newUser()]
      await tell(first, 'a', 'b')
      await tell(second, 'c')
      await rows(`UPDATE usage_metrics SET month = month - interval '1 month', cache_hits = 7 WHERE user_id = $1`, [
        second,
      ])
      await store().migrateGuest(first, userId)
      await store().migrateGuest(second, userId)
      const usage = await rows('SELECT * FROM usage_metrics WHERE user_id = ANY ($1)', [[first, second, userId]])
      expect(usage).toMatchObject([
        {
          user_id: userId,
          tier: 'user',
          total_requests: 3,
          cache_misses: 3,
          cache_hits: 7,
          month_requests: 2,
          monthly_request_limit: null,
        },
      ])
      expect(
        await rows('SELECT platform, message_count FROM conversation_cache WHERE user_id = $1 ORDER BY 2', [userId]),
      ).toEqual([
        { platform: 'user', message_count: 1 },
        { platform: 'user', message_count: 2 },
      ])
      expect(await rows('SELECT count(*) AS mappings FROM cache_content_mapping WHERE user_id = $1', [userId])).toEqual(
        [{ mappings: 3 }],
      )
      expect(
        await rows('SELECT count(*) AS mappings FROM cache_content_mapping WHERE user_id = ANY ($1)', [
          [first, second],
        ]),
      ).toEqual([{ mappings: 0 }])
    })

    it('A4 need no usage row', async () => {
      const [guestId, userId] = [newGuest(), newUser()]
      await tell(guestId, 'a')
      await rows('DELETE FROM usage_metrics WHERE user_id = $1', [guestId])
      expect(await store().migrateGuest(guestId, userId)).toMatchObject({ kind: 'completed' })
      expect(await rows('SELECT 1 FROM usage_metrics WHERE user_id = $1', [userId])).toEqual([])
    })

    it('C6 that fail change nothing, and leave a failed row', async () => {
      const [guestId, userId] = [newGuest(), newUser()]
      await tell(guestId, 'a')
      await rows(`ALTER TABLE conversation_cache ADD CONSTRAINT nobody CHECK (user_id <> '${userId}')`)
      try {
        await expect(store().migrateGuest(guestId, userId)).rejects.toThrow(StatementError)
      } finally {
        await rows('ALTER TABLE conversation_cache DROP CONSTRAINT nobody')
      }
      const [failed] = await audit(guestId)
      expect(failed).toMatchObject({ status: 'failed', records_migrated: 0, records_failed: 1, user_id: userId })
      expect(failed?.['notes']).toContain('nobody')
      const [fence] = await store().fences([guestId])
      expect(fence).toMatchObject({ kind: 'active', nextSequence: 1 })
      expect(await store().migrateGuest(guestId, userId)).toMatchObject({ kind: 'completed', first: true })
    })
  })
})

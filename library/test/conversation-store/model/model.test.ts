import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { type Database, postgresConversationStore } from 'reprise/postgres'
import { expect, it } from 'vitest'
import { describeOnBoth } from '../both-databases.ts'
import { rowsOf } from '../rows-of.ts'
import { ConversationModel } from './conversation-model.ts'
import { action, limit, ModelDriver } from './model-driver.ts'

describeOnBoth('the conversation store beside its model', databases => {
  it('does what the model does, whatever is done in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 30 }), async actions => {
        const model = new ConversationModel(limit)
        const prefix = `model-${randomUUID()}`
        const driver = new ModelDriver(postgresConversationStore(databases.database), model, prefix)
        for (const step of actions) await driver.do(step)
        await driver.compareAll()
        await compareTables(databases.database, driver, model, prefix)
      }),
      { numRuns: 120, endOnFailure: true },
    )
  }, 120_000)
})

/** The tables that users read by their own SQL say the same. */
async function compareTables(
  database: Database,
  driver: ModelDriver,
  model: ConversationModel,
  prefix: string,
): Promise<void> {
  const usage = await rowsOf<{
    user_id: string
    tier: 'guest' | 'user'
    total_requests: number
    month_requests: number
  }>(database, 'SELECT user_id, tier, total_requests, month_requests FROM usage_metrics WHERE user_id LIKE $1', [
    `${prefix}%`,
  ])
  const counted = new Map(usage.map(row => [`${row.tier} ${row.user_id}`, row]))
  for (const [tier, names] of [
    ['guest', ['g0', 'g1', 'g2']],
    ['user', ['u0', 'u1']],
  ] as const)
    for (const name of names) {
      const row = counted.get(`${tier} ${tier === 'guest' ? driver.guestId(name) : driver.userId(name)}`)
      expect(row?.total_requests).toBe(model.used(tier, name))
      expect(row?.month_requests).toBe(model.used(tier, name))
    }
  const audit = await rowsOf<{ status: string }>(
    database,
    'SELECT status FROM cache_migrations WHERE guest_id LIKE $1 ORDER BY started_at, status',
    [`${prefix}%`],
  )
  expect(audit.map(row => row.status).toSorted()).toEqual(model.audit.toSorted())
  const [broken] = await rowsOf<{ conversations: number }>(database, brokenSql, [`${prefix}%`])
  expect(broken?.conversations).toBe(0)
}

/** Conversations whose rows do not agree: counts, density, and one mapping and one waiting embedding per message. */
const brokenSql = `
SELECT count(*) AS conversations FROM conversation_cache c
CROSS JOIN LATERAL (
  SELECT count(*) AS messages, coalesce(max(m.sequence) + 1, 0) AS next_seq, coalesce(sum(octet_length(m.content)), 0) AS bytes,
         count(p.id) FILTER (WHERE p.user_id = c.user_id) AS mappings, count(o.id) AS waiting
  FROM message_cache m
  LEFT JOIN cache_content_mapping p ON p.cache_id = m.id AND p.cache_type = 'message'
  LEFT JOIN reprise_outbox o ON o.message_id = m.id
  WHERE m.conversation_id = c.id
) said
WHERE c.user_id LIKE $1
  AND (c.message_count, c.next_seq, c.content_bytes, said.messages, said.mappings, said.waiting)
    IS DISTINCT FROM (said.messages, said.next_seq, said.bytes, said.next_seq, said.messages, said.messages)`

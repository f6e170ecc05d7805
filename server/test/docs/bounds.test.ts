import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { settingsTable } from '../../src/config/settings-table.ts'
import { readPage, root } from './pages.ts'

const rows = new Map(
  [...readPage('docs/security.md').matchAll(/^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$/gm)].map(
    ([, what = '', bound = '']) => [what, bound],
  ),
)

/** A bound of the page, and the line of the code that sets it: whoever changes one is led to the other. */
const bounds: readonly (readonly [what: string, bound: string, file: string, code: string])[] = [
  ['body', '6 × that (escapes) + 8 KiB', 'server/src/http/server.ts', 'bytesPerEscape = 6\n'],
  ['body', '6 × that (escapes) + 8 KiB', 'server/src/http/server.ts', 'otherFieldsBytes = 8_192'],
  ['body of a call to a model', '20 MiB', 'server/src/gateway/gateway-routes.ts', 'maxBodyBytes = 20 * 1024 * 1024'],
  ['depth of JSON', '32 levels', 'server/src/http/requests/json-body.ts', 'maxDepth = 32'],
  ['headers arriving', '10 s', 'server/src/http/server.ts', 'headersTimeoutMs = 10_000'],
  ['whole request arriving', '30 s', 'server/src/http/server.ts', 'requestTimeoutMs = 30_000'],
  ['silence of a connection', '120 s', 'server/src/http/server.ts', 'silenceMs = 120_000'],
  ['idempotency key', '255 characters, 7 days', 'server/src/http/requests/parameters.ts', '{1,255}$/.test(key)'],
  ['idempotency key', '255 characters, 7 days', 'server/src/workers/retention.ts', 'idempotencyDays = 7'],
  ['guest id, user id', '128, 255 characters', 'library/src/base/chat/principal.ts', '[A-Za-z0-9_.:-]{1,128}$/'],
  ['guest id, user id', '128, 255 characters', 'library/src/base/chat/principal.ts', '[A-Za-z0-9_.:@|-]{1,255}$/'],
  ['addresses counted', '20,000', 'server/src/http/requests/request-counts.ts', 'maxCallers = 20_000'],
  [
    'whole history',
    '10,000 messages, 16 MiB (users: 10,000 messages, 8 MiB)',
    'library/src/conversation/history-loader.ts',
    'maxHistoryBytes = 16 * 1024 * 1024',
  ],
  ['page', '1,000 messages, 8 MiB', 'server/src/http/requests/parameters.ts', 'maximum: 1000,'],
  ['page', '1,000 messages, 8 MiB', 'library/src/conversation/page.ts', 'maxPageBytes = 8 * 1024 * 1024'],
  ['list of conversations', '100 a page', 'server/src/http/user-routes.ts', 'maximum: 100,'],
  [
    'appends of one statement',
    '128, one statement runs and one waits at PostgreSQL',
    'library/src/conversation/append.ts',
    'maxBatch: 128,',
  ],
  ['readings that wait', '20,000', 'library/src/conversation/glance.ts', 'maxWaiting: 20_000'],
  ['appends or readings in a queue that stands', '256', 'library/src/conversation/append.ts', 'crowd: 256'],
  ['appends or readings in a queue that stands', '256', 'library/src/conversation/glance.ts', 'crowd: 256'],
  [
    'searches by meaning',
    'a query of 4,096 characters, 2 at once, 64 wait',
    'server/src/http/search/search-routes.ts',
    'maxLength: 4096,',
  ],
  [
    'searches by meaning',
    'a query of 4,096 characters, 2 at once, 64 wait',
    'library/src/conversation/recall/recall.ts',
    'atOnce = 2, maxWaiting = 64',
  ],
  [
    'inputs of a batch of embeddings',
    '16,384',
    'library/src/caches/embedding/openai/embeddings-request.ts',
    'mostInputs = 16_384',
  ],
  [
    'callers that wait for a connection',
    '10,000, for 3 s',
    'library/src/drivers/postgres/pg/postgres-database.ts',
    'connectLimitMs = 3_000',
  ],
  ['one statement', '30 s', 'library/src/drivers/postgres/pg/postgres-database.ts', 'statementLimitMs = 30_000'],
  [
    'copies in memory',
    '64 MiB, 100,000 tombstones',
    'library/src/drivers/memory/conversation-copies.ts',
    'maxBytes = 64 * 1024 * 1024',
  ],
  ['hashes of secrets kept in memory', '10,000', 'library/src/conversation/guest-secrets.ts', 'maxRemembered = 10_000'],
  ['tries of an embedding', '8', 'server/src/workers/embedding-worker.ts', 'maxAttempts = 8'],
  ['answer of an embedding model', '128 MiB, 30 s', 'server/src/workers/embedding-worker.ts', 'callLimitMs = 30_000'],
  ['hours of counts while PostgreSQL is away', '48', 'library/src/observe/hourly-metrics.ts', 'maxHours = 48'],
  ['log lines of one kind of failure', '5 in 10 s', 'server/src/observe/log-events.ts', 'failuresPerWindow = 5'],
  ['stopping', '30 s', 'server/src/serve.ts', 'stopLimitMs = 30_000'],
]

describe('the bounds of docs/security.md', () => {
  it.each(bounds)('%s: %s', (what, bound, file, code) => {
    expect(rows.get(what)).toBe(bound)
    expect(readFileSync(join(root, file), 'utf8')).toContain(code)
  })

  it('name the defaults of settings', () => {
    const defaults = {
      'content of a message': settingsTable.maxMessageBytes.whenUnset(true),
      'messages of a guest': settingsTable.guestMonthlyRequestLimit.whenUnset(true),
      'connections to PostgreSQL': settingsTable.databasePoolSize.whenUnset(true),
      requests: settingsTable.rateLimitMax.whenUnset(false),
    }
    for (const [what, value] of Object.entries(defaults)) {
      expect(rows.get(what), what).toContain(value.toLocaleString('en'))
    }
  })
})

import { type StoredUsage, systemClock, type UsageFlush } from 'reprise'
import type { LlmOutcome } from 'reprise/llm'
import { describe, expect, it } from 'vitest'
import { openAccounts } from '../../src/gateway/accounting/accounts.ts'
import { createPriceTable, loadPriceTable } from '../../src/gateway/accounting/price-table.ts'
import type { Caller } from '../../src/gateway/callers/callers.ts'

const prices = createPriceTable({
  'model-': { input: 10, output: 20 },
  'model-cached': { input: 10, output: 20, cachedInput: 1, automaticCache: true },
})
const caller: Caller = {
  ...{ tenant: 't_1', userId: undefined, accountId: 't_1' },
  bringsKey: true,
  mayUseServerKey: false,
}

function outcome(changes: Partial<LlmOutcome> = {}): LlmOutcome {
  return {
    ...{ state: 'miss', reason: 'absent', admission: 'kept', route: 'chat/completions', upstream: 'default' },
    ...{ tenant: 't_1', namespace: undefined, model: 'model-cached', key: undefined, promptHash: 'h', status: 200 },
    usage: { promptTokens: 2_000, completionTokens: 100, cachedPromptTokens: 0 },
    ...{ streamed: false, costUsd: undefined, generationMs: 500, ageMs: undefined, headMs: 1 },
    ...changes,
  }
}

function open(isAway = () => false) {
  const flushes: UsageFlush[] = []
  const stored: StoredUsage = { totalRequests: 0, cacheHits: 0, cacheMisses: 0, models: [] }
  const accounts = openAccounts({
    store: {
      add: async flush => {
        if (isAway()) throw new Error('away')
        flushes.push(flush)
        return 'added'
      },
      read: async () => stored,
      forget: async () => {},
    },
    prices,
    clock: systemClock,
  })
  return { accounts, flushes }
}

describe('prices', () => {
  it('the longest beginning of a model’s name decides, and what is not known is not guessed', () => {
    const usage = { promptTokens: 1_000_000, completionTokens: 1_000_000, cachedPromptTokens: 500_000 }
    expect(prices.costOf('model-x', usage)).toBe(30)
    expect(prices.costOf('model-cached-2026', usage)).toBe(5 + 0.5 + 20)
    expect(prices.costOf('vendor/model-x', usage)).toBe(30)
    expect(prices.costOf('other', usage)).toBeUndefined()
  })

  it('come with the program, and overrides go before them', async () => {
    const usage = { promptTokens: 1_000_000, completionTokens: 0, cachedPromptTokens: 0 }
    const builtIn = await loadPriceTable()
    expect(builtIn.costOf('gpt-4o-mini-2024-07-18', usage)).toBe(0.15)
    expect(builtIn.costOf('claude-sonnet-4-5', usage)).toBe(3)
    const own = await loadPriceTable({ 'gpt-4o-mini': { input: 7, output: 7 } })
    expect(own.costOf('gpt-4o-mini-2024-07-18', usage)).toBe(7)
    expect(own.costOf('gpt-4o', usage)).toBe(2.5)
  })

  it('what a provider caches by itself: long prompts, in steps, for some minutes', () => {
    const usage = { promptTokens: 2_000, completionTokens: 100, cachedPromptTokens: 0 }
    expect(prices.providerCacheOf('model-cached', usage, 60_000)).toBeCloseTo((1_920 * 9) / 1e6, 12)
    expect(prices.providerCacheOf('model-cached', usage, 3_600_000)).toBe(0)
    expect(prices.providerCacheOf('model-cached', { ...usage, promptTokens: 1_000 }, 0)).toBe(0)
    expect(prices.providerCacheOf('model-x', usage, 0)).toBe(0)
    expect(prices.providerCacheOf('model-cached', { ...usage, cachedPromptTokens: 1_920 }, 0)).toBe(0)
  })
})

describe('accounts', () => {
  it('add up what was paid, and honestly what was saved', async () => {
    const { accounts, flushes } = open()
    accounts.record(caller, outcome())
    accounts.record(caller, outcome({ state: 'hit', reason: 'memory', ageMs: 1_000, generationMs: undefined }))
    accounts.record(caller, outcome({ state: 'coalesced', reason: 'in_flight', ageMs: 3_600_000 }))
    accounts.record(caller, outcome({ state: 'bypass', reason: 'stateful', usage: undefined }))
    accounts.record(caller, outcome({ status: 500, usage: undefined, generationMs: undefined }))
    await accounts.close()
    const cost = (2_000 * 10 + 100 * 20) / 1e6
    expect(flushes.flatMap(({ items }) => items)).toEqual([
      {
        account: { id: 't_1', tier: 'api' },
        month: expect.stringMatching(/^\d{4}-\d\d-01$/),
        ...{ model: 'model-cached', requests: 5, hits: 2, misses: 2, promptTokens: 2_000, completionTokens: 100 },
        ...{ costUsd: cost, savedPromptTokens: 4_000, savedCompletionTokens: 200, grossSavedUsd: 2 * cost },
        providerCacheUsd: (1_920 * 9) / 1e6,
        unpriced: 1,
      },
    ])
  })

  it('tell how long models took for what they were asked', async () => {
    const { accounts } = open()
    const seen: number[] = []
    accounts.events.on('generated', ({ generationMs }) => seen.push(generationMs))
    accounts.record(caller, outcome({ generationMs: 812 }))
    accounts.record(caller, outcome({ state: 'hit', reason: 'redis', generationMs: 812 }))
    accounts.record(caller, outcome({ status: 429 }))
    await accounts.close()
    expect(seen).toEqual([812])
  })

  it('lose nothing while the database is away, and flush the same again', async () => {
    let isAway = true
    const { accounts, flushes } = open(() => isAway)
    const failures: unknown[] = []
    accounts.events.on('flush_failed', ({ error }) => failures.push(error))
    // The first round has begun, with nothing to add.
    await accounts.flush()
    accounts.record(caller, outcome())
    await accounts.flush()
    expect(failures).toHaveLength(1)
    accounts.record(caller, outcome())
    isAway = false
    await accounts.close()
    expect(flushes.map(({ number, items }) => [number, items[0]?.requests])).toEqual([
      [1, 1],
      [2, 1],
    ])
  })
})

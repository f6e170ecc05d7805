import { randomUUID } from 'node:crypto'
import { type Account, Announcer, type Clock, type StoredUsage, type UsageCounts, type UsageStore } from 'reprise'
import type { LlmOutcome } from 'reprise/llm'
import { MemoryCache } from 'reprise/memory'
import { startPeriodic } from '../../workers/periodic.ts'
import type { Caller } from '../callers/callers.ts'
import type { PriceTable } from './price-table.ts'
import { UsageBuffer } from './usage-buffer.ts'

export interface AccountsEvents {
  /** A flush failed; what it counted is kept and tried again. */
  readonly flush_failed: { readonly error: unknown }
  /** The database was away for so long that there was no room for more: this use is in no account. */
  readonly dropped: { readonly requests: number }
  /** An upstream made an answer. */
  readonly generated: { readonly generationMs: number }
}

/** Accounts of callers: counted in the process, added to the database every second. */
export interface Accounts {
  readonly events: Announcer<AccountsEvents>
  /** Counts a call of a model, once it is over. */
  record(caller: Caller, outcome: LlmOutcome): void
  /** Counts what is no call of a language model: a batch of embeddings, for example. */
  add(caller: Caller, model: string, use: Partial<UsageCounts>): void
  /** What an account has used; of all callers where none is named. What was counted just now is added first. */
  read(caller: Caller | undefined): Promise<StoredUsage & { readonly month: string }>
  /** Adds what was counted since the last flush. */
  flush(): Promise<void>
  /** Stops counting, and flushes for the last time. */
  close(): Promise<void>
}

export interface AccountsOptions {
  readonly store: UsageStore
  readonly prices: PriceTable
  readonly clock: Clock
}

const everyMs = 1_000
/** When which answers were asked for last, for what their provider would have cached; past it the oldest is forgotten. */
const mostRemembered = 20_000

export function openAccounts({ store, prices, clock }: AccountsOptions): Accounts {
  const source = randomUUID()
  const events = new Announcer<AccountsEvents>()
  const buffer = new UsageBuffer()
  const lastAskedAt = new MemoryCache<string, number>({ maxEntries: mostRemembered, policy: 'lru' })
  let flushing: Promise<void> | undefined

  function add(caller: Caller, model: string, use: Partial<UsageCounts>): void {
    const counts = { ...use, requests: use.requests ?? 1 }
    if (!buffer.add(accountOf(caller), clock.now(), model, counts)) {
      events.announce('dropped', { requests: counts.requests })
    }
  }

  /** How long ago this very prompt was asked for; the answer's age where this process does not know better. */
  function sinceLastAsked({ key, ageMs = 0 }: LlmOutcome): number {
    if (key === undefined) return ageMs
    const now = clock.now()
    const at = lastAskedAt.get(key)
    lastAskedAt.set(key, now)
    return at === undefined ? ageMs : now - at
  }

  function record(caller: Caller, outcome: LlmOutcome): void {
    const { state, usage, model, generationMs } = outcome
    const sinceMs = sinceLastAsked(outcome)
    const costUsd = outcome.costUsd ?? (usage === undefined ? undefined : prices.costOf(model, usage))
    if (state === 'hit' || state === 'coalesced') {
      add(caller, model, {
        hits: 1,
        savedPromptTokens: usage?.promptTokens ?? 0,
        savedCompletionTokens: usage?.completionTokens ?? 0,
        grossSavedUsd: costUsd ?? 0,
        providerCacheUsd:
          costUsd === undefined || usage === undefined ? 0 : prices.providerCacheOf(model, usage, sinceMs),
        unpriced: costUsd === undefined ? 1 : 0,
      })
      return
    }
    const isAnswered = outcome.status >= 200 && outcome.status < 300
    add(caller, model, {
      misses: state === 'miss' ? 1 : 0,
      promptTokens: usage?.promptTokens ?? 0,
      completionTokens: usage?.completionTokens ?? 0,
      costUsd: costUsd ?? 0,
      unpriced: isAnswered && costUsd === undefined ? 1 : 0,
    })
    if (isAnswered && generationMs !== undefined) events.announce('generated', { generationMs })
  }

  async function carryOut(): Promise<void> {
    const sealed = buffer.seal()
    if (sealed === undefined) return
    try {
      await store.add({ source, ...sealed })
      buffer.settle(sealed.number)
    } catch (error) {
      events.announce('flush_failed', { error })
    }
  }

  function flush(): Promise<void> {
    flushing ??= carryOut().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  const worker = startPeriodic({ everyMs, clock, round: flush, onFailure: () => {} })
  return {
    events,
    record,
    add,
    read: async caller => {
      // One that is under way may have begun before the last call was counted.
      await flush()
      await flush()
      const month = `${new Date(clock.now()).toISOString().slice(0, 7)}-01`
      return { ...(await store.read(caller === undefined ? undefined : accountOf(caller), month)), month }
    },
    flush,
    close: async () => {
      await worker.close()
      // A flush whose outcome is unknown goes first, and what was counted since goes after it.
      await flush()
      await flush()
      if (buffer.isEmpty) await store.forget(source).catch(error => events.announce('flush_failed', { error }))
    },
  }
}

function accountOf({ userId, accountId }: Caller): Account {
  return { id: accountId, tier: userId === undefined ? 'api' : 'user' }
}

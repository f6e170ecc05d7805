/** What calls of models came to. Everything adds up. */
export interface UsageCounts {
  readonly requests: number
  /** Answered without asking the upstream. */
  readonly hits: number
  readonly misses: number
  /** Of answers that the upstream was asked for. */
  readonly promptTokens: number
  readonly completionTokens: number
  readonly costUsd: number
  /** Of answers that it was not asked for. */
  readonly savedPromptTokens: number
  readonly savedCompletionTokens: number
  /** What those answers cost when they were made. */
  readonly grossSavedUsd: number
  /** What the provider's own prompt cache would have saved of that anyway. */
  readonly providerCacheUsd: number
  /** Answers whose price or tokens are not known: they stand in no sum of money. */
  readonly unpriced: number
}

/** Who is accounted: a user (by the subject of a token), or the holder of a key (by its tenant id). */
export interface Account {
  readonly id: string
  readonly tier: 'api' | 'user'
}

/** What an account's calls of one model came to, within one UTC month. */
export interface ModelUsage extends UsageCounts {
  readonly account: Account
  /** The first day of the month: `2026-01-01`. */
  readonly month: string
  /** As requests name it. */
  readonly model: string
}

export interface UsageFlush {
  /** The UUID of the process that counted. */
  readonly source: string
  /** Grows with each flush of that source: it tells a second try from a new flush. */
  readonly number: number
  readonly items: readonly ModelUsage[]
}

/** What is stored of one account, or of all. */
export interface StoredUsage {
  /** For life, as `usage_metrics` has it. */
  readonly totalRequests: number
  readonly cacheHits: number
  readonly cacheMisses: number
  /** Of one month, by model, the most used one first. */
  readonly models: readonly (UsageCounts & { readonly model: string })[]
}

/** Where the use of all servers is added up (`usage_metrics`, and by model beside it). */
export interface UsageStore {
  /** Adds a flush, once: `known` says that this one, tried again, had been added the first time. */
  add(flush: UsageFlush): Promise<'added' | 'known'>
  /** Of one account, or of all callers of models where none is named. */
  read(account: Account | undefined, month: string): Promise<StoredUsage>
  /** Forgets a source that flushes no more. */
  forget(source: string): Promise<void>
}

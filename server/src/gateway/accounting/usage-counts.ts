import type { UsageCounts } from 'reprise'

export type Counts = { -readonly [Name in keyof UsageCounts]: number }

export const noUse: UsageCounts = {
  requests: 0,
  hits: 0,
  misses: 0,
  promptTokens: 0,
  completionTokens: 0,
  costUsd: 0,
  savedPromptTokens: 0,
  savedCompletionTokens: 0,
  grossSavedUsd: 0,
  providerCacheUsd: 0,
  unpriced: 0,
}

/** Adds a use to counts, in place. */
export function addUse(counts: Counts, use: Partial<UsageCounts>): void {
  for (const name in noUse) {
    // The names of the one constant that has them all.
    const field = name as keyof UsageCounts
    counts[field] += use[field] ?? 0
  }
}

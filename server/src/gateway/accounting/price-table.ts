import { readFile } from 'node:fs/promises'
import type { TokenUsage } from 'reprise/llm'
import { MemoryCache } from 'reprise/memory'
import { type Price, type Prices, readPrices } from './price-schema.ts'

/** What models cost. Unknown prices are undefined: they are never guessed. */
export interface PriceTable {
  /** What an answer of these tokens costs, in US dollars. */
  costOf(model: string, usage: TokenUsage): number | undefined
  /**
   * What the provider's own prompt cache would take off the price if the very same prompt were asked for again now, in US
   * dollars; `sinceMs`: how long ago it was asked for last. 0 where that provider caches nothing unasked.
   */
  providerCacheOf(model: string, usage: TokenUsage, sinceMs: number): number
}

const perTokens = 1_000_000
/** Providers cache prompts unasked from this length on, in steps, and keep them for some minutes after their last use. */
const leastCached = 1_024
const cachedStep = 128
const providerKeepsMs = 10 * 60_000
/** So many prices are found again at once; names come from callers. */
const mostKnown = 1_000
const longestKnown = 200

/** Reads the built-in prices, with the overrides before them. */
export async function loadPriceTable(overrides: Prices = {}): Promise<PriceTable> {
  const builtIn = await readFile(new URL('../../../prices.json', import.meta.url), 'utf8')
  return createPriceTable({ ...readPrices(JSON.parse(builtIn)), ...overrides })
}

/** Prices by the beginning of a model's name; the longest beginning decides. */
export function createPriceTable(prices: Prices): PriceTable {
  const byLength = Object.entries(prices).sort(([one], [other]) => other.length - one.length)
  const known = new MemoryCache<string, Price>({ maxEntries: mostKnown })
  const priceOf = (model: string) => {
    const remembered = known.get(model)
    if (remembered !== undefined) return remembered
    // A provider's gateway names models with a path before them: `openai/gpt-5`.
    const name = model.slice(model.lastIndexOf('/') + 1)
    const price = byLength.find(([beginning]) => model.startsWith(beginning) || name.startsWith(beginning))?.[1]
    if (price !== undefined && model.length <= longestKnown) known.set(model, price)
    return price
  }
  return {
    costOf: (model, { promptTokens, completionTokens, cachedPromptTokens }) => {
      const price = priceOf(model)
      if (price === undefined) return undefined
      const { input, output, cachedInput = input } = price
      const fresh = Math.max(0, promptTokens - cachedPromptTokens)
      return (fresh * input + cachedPromptTokens * cachedInput + completionTokens * output) / perTokens
    },
    providerCacheOf: (model, { promptTokens, cachedPromptTokens }, sinceMs) => {
      const price = priceOf(model)
      if (price?.automaticCache !== true || price.cachedInput === undefined) return 0
      if (promptTokens < leastCached || sinceMs > providerKeepsMs) return 0
      const cached = Math.floor(promptTokens / cachedStep) * cachedStep
      // What it had cached before, the answer's own cost has taken off already.
      return (Math.max(0, cached - cachedPromptTokens) * (price.input - price.cachedInput)) / perTokens
    },
  }
}

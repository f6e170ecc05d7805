import type { StoredUsage, UsageCounts } from 'reprise'
import { Type } from 'typebox'
import type { Auth } from '../../http/auth.ts'
import type { HttpServer } from '../../http/http-server.ts'
import { problems } from '../../http/problem-schema.ts'
import type { Caller, Callers } from '../callers/callers.ts'
import type { Accounts } from './accounts.ts'
import { addUse, noUse } from './usage-counts.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })
const dollars = (description: string) => Type.Number({ description: `${description}, in US dollars.` })

const Counts = {
  requests: count('Calls.'),
  cache_hits: count('Answered without asking the upstream.'),
  cache_misses: count('Asked for at the upstream.'),
  prompt_tokens: count('Of answers that the upstream was asked for.'),
  completion_tokens: count('Of answers that the upstream was asked for.'),
  cost_usd: dollars('What the upstream was paid'),
  saved_prompt_tokens: count('Of answers that it was not asked for.'),
  saved_completion_tokens: count('Of answers that it was not asked for.'),
  gross_saved_usd: dollars('What those answers cost when they were made'),
  provider_cache_usd: dollars('What the provider’s own prompt cache would have saved of that anyway'),
  net_saved_usd: dollars('What was saved: the difference of the two'),
  unpriced: count('Answers whose price or tokens are not known; they stand in no sum.'),
}

export const Usage = Type.Object(
  {
    account: Type.String({ description: 'The user, or the tenant of the key; `all` for all callers.' }),
    tier: Type.String({ description: '`api`, `user`, or `all`.' }),
    tenant_id: Type.Union([Type.String(), Type.Null()], { description: 'Names the caller’s partition of the caches.' }),
    total_requests: count('For life.'),
    cache_hits: count('For life.'),
    cache_misses: count('For life.'),
    hit_rate: Type.Number({ description: 'Percent of hits and misses, for life.' }),
    month: Type.Object({
      begins: Type.String({ format: 'date' }),
      ...Counts,
      models: Type.Array(Type.Object({ model: Type.String(), ...Counts })),
    }),
  },
  { description: 'What an account has used.' },
)

export interface UsageRouteParts {
  readonly accounts: Accounts
  readonly callers: Callers
  readonly auth: Auth
}

/** What the caller has used; with the admin key and `?scope=all`, what all callers have. */
export function usageRoute(server: HttpServer, { accounts, callers, auth }: UsageRouteParts): void {
  server.get(
    '/v1/usage',
    {
      schema: {
        tags: ['gateway'],
        operationId: 'readUsage',
        summary: 'What the caller has used and saved',
        description: 'The caller is known by its key or token. With the admin key, `?scope=all` adds up all callers.',
        querystring: Type.Object({
          scope: Type.Optional(Type.Enum(['own', 'all'] as const, { type: 'string', description: 'Whose use.' })),
        }),
        response: { 200: Usage, ...problems('invalid_query', 'not_authorized', 'database_unavailable') },
      },
    },
    async request => {
      if (request.query.scope !== 'all') {
        const caller = await callers.recognise(request.headers)
        return usageFields(await accounts.read(caller), caller)
      }
      for (const check of auth.admin) await check(request)
      return usageFields(await accounts.read(undefined), undefined)
    },
  )
}

function usageFields(
  { totalRequests, cacheHits, cacheMisses, month, models }: StoredUsage & { readonly month: string },
  caller: Caller | undefined,
) {
  const shown = models.map(model => ({ model: model.model, ...countFields(model) }))
  const sums = countFields(sumOf(models))
  const asked = cacheHits + cacheMisses
  return {
    account: caller?.accountId ?? 'all',
    tier: caller === undefined ? 'all' : caller.userId === undefined ? 'api' : 'user',
    tenant_id: caller?.tenant ?? null,
    total_requests: totalRequests,
    cache_hits: cacheHits,
    cache_misses: cacheMisses,
    hit_rate: asked === 0 ? 0 : (cacheHits / asked) * 100,
    month: { begins: month, ...sums, models: shown },
  }
}

function sumOf(models: readonly UsageCounts[]): UsageCounts {
  const sum = { ...noUse }
  for (const counts of models) addUse(sum, counts)
  return sum
}

function countFields(counts: UsageCounts) {
  return {
    requests: counts.requests,
    cache_hits: counts.hits,
    cache_misses: counts.misses,
    prompt_tokens: counts.promptTokens,
    completion_tokens: counts.completionTokens,
    cost_usd: counts.costUsd,
    saved_prompt_tokens: counts.savedPromptTokens,
    saved_completion_tokens: counts.savedCompletionTokens,
    gross_saved_usd: counts.grossSavedUsd,
    provider_cache_usd: counts.providerCacheUsd,
    net_saved_usd: counts.grossSavedUsd - counts.providerCacheUsd,
    unpriced: counts.unpriced,
  }
}

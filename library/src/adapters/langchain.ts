import { BaseCache, deserializeStoredGeneration, serializeGeneration } from '@langchain/core/caches'
import { Embeddings, type EmbeddingsInterface } from '@langchain/core/embeddings'
import type { Generation } from '@langchain/core/outputs'
import type { Duration } from '../base/duration.ts'
import { readNames, requireMethod } from '../base/option-reading.ts'
import { wrapEmbeddings } from '../caches/embedding/wrap-embeddings.ts'
import type { Cache } from '../core/cache.ts'

export interface LangchainCacheOptions {
  /** How long an answer serves. Default 2 hours. */
  readonly ttl?: Duration
  /** What answers can be invalidated by. */
  readonly tags?: readonly string[]
  /** Whose answers these are: tenants never share one. Default: one for all. */
  readonly tenant?: string
}

const optionNames: ReadonlySet<string> = new Set(['ttl', 'tags', 'tenant'])
const embeddingNames: ReadonlySet<string> = new Set(['model', 'ttl'])
/** Ends that may be given again; models that name none are believed to have come to theirs. */
const completeEnds: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  'stop',
  'tool_calls',
  'function_call',
  'end_turn',
  'tool_use',
  'STOP',
])

/**
 * A cache for the models of LangChain.js: prompt and model with its parameters are the key. Answers that were cut off
 * (`length`, `content_filter`) are not kept. LangChain looks a prompt up and hands in the answer afterwards, so that an
 * invalidation between the two does not keep the answer out, as it does elsewhere in Reprise.
 * @example const model = new ChatOpenAI({ model: 'gpt-5-mini', cache: langchainCache(cache, { ttl: '1h' }) })
 * @throws RepriseError `invalid_option`
 */
export function langchainCache(cache: Cache, options: LangchainCacheOptions = {}): BaseCache {
  requireMethod(cache, 'namespace', 'cache', 'a cache of createCache')
  readNames(options, optionNames, 'langchainCache')
  const { ttl = '2h', tags = [], tenant = '' } = options
  return new AnswersOfLangchain(cache.namespace('langchain', { ttl, tags }), tenant)
}

type Stored = ReturnType<typeof serializeGeneration>

class AnswersOfLangchain extends BaseCache {
  readonly #kept: Cache
  readonly #tenant: string

  constructor(kept: Cache, tenant: string) {
    super()
    this.#kept = kept
    this.#tenant = tenant
  }

  override async lookup(prompt: string, llmKey: string): Promise<Generation[] | null> {
    const stored = await this.#kept.get<readonly Stored[]>([this.#tenant, llmKey, prompt])
    return stored?.map(each => deserializeStoredGeneration(structuredClone(each))) ?? null
  }

  override async update(prompt: string, llmKey: string, generations: Generation[]): Promise<void> {
    if (!generations.every(isComplete)) return
    await this.#kept.set([this.#tenant, llmKey, prompt], generations.map(serializeGeneration))
  }
}

function isComplete({ generationInfo }: Generation): boolean {
  return completeEnds.has(generationInfo?.['finish_reason'] ?? generationInfo?.['stop_reason'])
}

export interface LangchainEmbeddingsOptions {
  /** The model's name: two models must never share an embedding. */
  readonly model: string
  /** How long an embedding is kept. Default 30 days. */
  readonly ttl?: Duration
}

/**
 * Embeddings of LangChain.js with a cache before them: of a batch the model is asked only for the texts that are not cached.
 * Documents and queries are kept apart, for some models embed them differently.
 * @example const embeddings = langchainEmbeddings(new OpenAIEmbeddings(), cache, { model: 'text-embedding-3-small' })
 * @throws RepriseError `invalid_option`
 */
export function langchainEmbeddings(
  embeddings: EmbeddingsInterface,
  cache: Cache,
  options: LangchainEmbeddingsOptions,
): Embeddings {
  requireMethod(embeddings, 'embedDocuments', 'embeddings', 'embeddings of LangChain.js')
  requireMethod(cache, 'namespace', 'cache', 'a cache of createCache')
  readNames(options, embeddingNames, 'langchainEmbeddings')
  const { model, ttl } = options
  const lasting = ttl === undefined ? {} : { ttl }
  const documents = wrapEmbeddings((texts: string[]) => embeddings.embedDocuments(texts), { cache, model, ...lasting })
  const query = wrapEmbeddings(
    // One text a call, as the model takes queries.
    async (texts: string[]) => Promise.all(texts.map(text => embeddings.embedQuery(text))),
    { cache, model: `${model} (queries)`, ...lasting },
  )
  return new CachedEmbeddings(
    async texts => (await documents(texts)).map(vector => [...vector]),
    async text => [...((await query([text]))[0] ?? [])],
  )
}

class CachedEmbeddings extends Embeddings {
  readonly #embedAll: (texts: string[]) => Promise<number[][]>
  readonly #embedOne: (text: string) => Promise<number[]>

  constructor(embedAll: (texts: string[]) => Promise<number[][]>, embedOne: (text: string) => Promise<number[]>) {
    super({})
    this.#embedAll = embedAll
    this.#embedOne = embedOne
  }

  override embedDocuments(texts: string[]): Promise<number[][]> {
    return this.#embedAll(texts)
  }

  override embedQuery(text: string): Promise<number[]> {
    return this.#embedOne(text)
  }
}

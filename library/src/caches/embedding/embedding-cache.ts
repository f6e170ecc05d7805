import { hash } from 'node:crypto'
import type { Duration } from '../../base/duration.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import type { Cache } from '../../core/cache.ts'
import type { CacheMode } from '../llm/asking/controls.ts'
import { type KeptEmbedding, readEmbedding, writeEmbedding } from './kept-embedding.ts'

/** A text, or the tokens of one. */
export type EmbeddingInput = string | readonly number[]

/** What makes vectors comparable: equal in all of this, and in its input, an embedding is the same. */
export interface EmbeddingModelKey {
  /** Whose entries these are; entries of two partitions never meet. Default: everybody's. */
  readonly partition?: string
  readonly model: string
  /** All else that decides about vectors, such as their dimensions, as one text. */
  readonly settings: string
}

/** Asks the model: one embedding per input, in order. */
export type AskModel<Input> = (missing: readonly Input[], signal: AbortSignal) => Promise<readonly KeptEmbedding[]>

export interface EmbeddingCall {
  readonly mode?: CacheMode
  readonly ttl?: Duration
  readonly signal?: AbortSignal
}

/** The embeddings of a batch, and what it took. */
export interface EmbeddingBatch {
  readonly embeddings: readonly KeptEmbedding[]
  /** How many of the inputs differ from each other. */
  readonly different: number
  /** Different inputs that were sent to the model for this batch. */
  readonly asked: number
  /** Inputs that another batch was asking for already. */
  readonly coalesced: number
  /** What the model counted for this batch, whatever found its way into the cache earlier costing nothing now. */
  readonly tokens: number
}

/** Embeddings are the same for ever: only a bound on what is kept for nobody. */
const defaultTtl = '30d'
/** Models of their own limits are asked; the engine's limits for loaders would cut large batches off. */
const patience = { loaderTimeout: '10m', deadline: '11m' }

/**
 * Keeps embeddings input by input in a cache, so that of a batch the model is asked for what is missing alone, each input
 * once, and concurrent batches share what they both lack.
 */
export class EmbeddingCache {
  readonly #cache: Cache
  readonly #ttl: Duration
  /** The keys being asked for in this process. */
  readonly #asking = new Set<string>()

  constructor(cache: Cache, ttl: Duration = defaultTtl) {
    this.#cache = cache.namespace('embeddings')
    this.#ttl = ttl
  }

  /**
   * @throws what asking the model throws; nothing is kept then
   * @throws RepriseError `embedding_failed` when the model's vectors differ in length, `not_cached` in the mode `only`
   */
  async embed<Input extends EmbeddingInput>(
    model: EmbeddingModelKey,
    inputs: readonly Input[],
    ask: AskModel<Input>,
    call: EmbeddingCall = {},
  ): Promise<EmbeddingBatch> {
    const keyed = inputs.map(input => ({ key: keyOf(model, input), input }))
    const byKey = new Map(keyed.map(({ key, input }) => [key, input]))
    const batch = new Tally(ask, byKey)
    const coalesced = [...byKey.keys()].filter(key => this.#asking.has(key)).length
    const found = await this.#find([...byKey.keys()], batch, call)
    const embeddings = keyed.map(({ key }) => found.get(key) ?? lost())
    const { asked, tokens } = batch
    if (sameLength(embeddings)) return { embeddings, different: byKey.size, asked, coalesced, tokens }
    // What is kept stems from another model of the same name; vectors of two lengths are of no use to anybody.
    if (batch.asked === byKey.size) throw differentLengths()
    return this.embed(model, inputs, ask, { ...call, mode: call.mode === 'no-store' ? 'bypass' : 'refresh' })
  }

  async #find(keys: readonly string[], batch: ModelBatch, call: EmbeddingCall): Promise<Found> {
    const { mode = 'default', signal } = call
    const options = { ttl: call.ttl ?? this.#ttl, ...(signal === undefined ? {} : { signal }) }
    switch (mode) {
      case 'default':
        return this.#load(keys, batch, options)
      case 'bypass':
        return batch.load(keys, signal)
      case 'refresh': {
        const loaded = await batch.load(keys, signal)
        await this.#cache.setMany(
          [...loaded].map(([key, embedding]) => [key, writeEmbedding(embedding)]),
          { ttl: options.ttl },
        )
        return loaded
      }
      case 'only':
      case 'no-store': {
        const values = await this.#cache.getMany(keys, options)
        const found: Found = new Map()
        values.forEach((value, index) => {
          const key = keys[index]
          if (value !== undefined && key !== undefined) found.set(key, readEmbedding(value))
        })
        const missing = keys.filter(key => !found.has(key))
        if (missing.length === 0) return found
        if (mode === 'only') throw notCached(missing.length)
        return new Map([...found, ...(await batch.load(missing, signal))])
      }
    }
  }

  async #load(
    keys: readonly string[],
    batch: ModelBatch,
    options: { readonly ttl: Duration; readonly signal?: AbortSignal },
  ): Promise<Found> {
    const values = await this.#cache.getOrSetMany(
      keys,
      async (missing, context) => {
        for (const key of missing) this.#asking.add(key)
        try {
          const loaded = await batch.load(missing, context.signal)
          return new Map([...loaded].map(([key, embedding]) => [key, writeEmbedding(embedding)]))
        } finally {
          for (const key of missing) this.#asking.delete(key)
        }
      },
      { ...patience, ...options },
    )
    return new Map(keys.map((key, index) => [key, readEmbedding(values[index])]))
  }
}

type Found = Map<string, KeptEmbedding>
type ModelBatch = Pick<Tally<unknown>, 'load'>

/** Asks the model for one batch, and counts what that took. */
class Tally<Input> {
  readonly #ask: AskModel<Input>
  readonly #inputs: ReadonlyMap<string, Input>
  asked = 0
  tokens = 0

  constructor(ask: AskModel<Input>, inputs: ReadonlyMap<string, Input>) {
    this.#ask = ask
    this.#inputs = inputs
  }

  async load(keys: readonly string[], signal: AbortSignal | undefined): Promise<Found> {
    const inputs = keys.flatMap(key => {
      const input = this.#inputs.get(key)
      return input === undefined ? [] : [input]
    })
    this.asked += inputs.length
    const embeddings = await this.#ask(inputs, signal ?? new AbortController().signal)
    if (embeddings.length !== keys.length) {
      throw new RepriseError(
        'embedding_failed',
        `The embedding model gave ${embeddings.length} vectors for ${keys.length} inputs.`,
      )
    }
    if (!sameLength(embeddings)) throw differentLengths()
    for (const { tokens } of embeddings) this.tokens += tokens
    return new Map(keys.map((key, index) => [key, embeddings[index] ?? lost()]))
  }
}

/** The model's name stays readable, for patterns; texts do not. JSON tells texts from tokens and keeps lone surrogates. */
function keyOf({ partition = '', model, settings }: EmbeddingModelKey, input: EmbeddingInput): string {
  return `${model}:${hash('sha256', JSON.stringify([partition, model, settings, input]), 'base64url')}`
}

function sameLength(embeddings: readonly KeptEmbedding[]): boolean {
  return embeddings.every(({ vector }) => vector.length === embeddings[0]?.vector.length)
}

function differentLengths(): RepriseError {
  return new RepriseError('embedding_failed', 'The embedding model gave vectors of different lengths in one answer.')
}

function notCached(missing: number): RepriseError {
  return new RepriseError('not_cached', `Of the inputs asked for, ${missing} are not in the cache.`)
}

/** A key of the batch without a value: the cache answers all keys that it was asked for. */
function lost(): never {
  throw new RepriseError('internal_error', 'The cache lost an embedding of the batch.')
}

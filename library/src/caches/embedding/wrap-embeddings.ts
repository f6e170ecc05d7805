import { canonicalJson } from '../../base/codec/canonical-json.ts'
import type { Duration } from '../../base/duration.ts'
import { expected, readCount, readNames } from '../../base/option-reading.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import { readVector } from '../../base/vector/read-vector.ts'
import type { Cache } from '../../core/cache.ts'
import { EmbeddingCache, type EmbeddingInput } from './embedding-cache.ts'
import type { KeptEmbedding } from './kept-embedding.ts'

/** What is wrapped: one vector per input, in order. What comes behind the inputs is passed on. */
export type EmbedFunction = (
  // A function of fewer or narrower parameters is one too.
  inputs: never,
  ...rest: never[]
) => PromiseLike<readonly (readonly number[] | Float32Array)[]>

export type EmbeddingModel = EmbedFunction | { readonly embed: EmbedFunction }

export interface WrapEmbeddingsOptions {
  /** Where embeddings are kept; they lie in its namespace `embeddings`. */
  readonly cache: Cache
  /** The model's name, part of the key: two models must never share one. */
  readonly model: string
  /** Length of the vectors, part of the key; vectors of another length are refused. Default: as the model has it. */
  readonly dimensions?: number
  /** How long an embedding is kept. Default 30 days. */
  readonly ttl?: Duration
  /** How many inputs one call of the model takes at most; more are sent one call after the other. Default: no limit. */
  readonly maxBatch?: number
}

const names: ReadonlySet<string> = new Set(['cache', 'model', 'dimensions', 'ttl', 'maxBatch'])

/**
 * The same embedding model with a cache before it: a batch asks the model only for the inputs that are not cached, each
 * once, and answers all of them in order. Takes a function, or anything with a method `embed`; its type is kept, and so is
 * the kind of its vectors. Numbers are kept as float32, in four bytes, and answered so from the first time on. Further
 * arguments that are plain data become part of the key; signals do not; with anything else the call goes to the model.
 *
 * @throws RepriseError `invalid_option`; calls throw what the model throws, and `embedding_failed` for vectors that are
 *   empty, not finite or of a wrong length; nothing is kept then
 * @example
 * const cached = wrapEmbeddings(model, { cache, model: 'text-embedding-3-small' })
 * const vectors = await cached.embed(['hello', 'world', 'hello']) // the model is asked for two texts
 */
export function wrapEmbeddings<Model extends EmbeddingModel>(model: Model, options: WrapEmbeddingsOptions): Model {
  const settings = readOptions(options)
  // A function that takes and gives what the wrapped one does.
  if (typeof model === 'function') return cachedFunction(model, settings, undefined) as unknown as Model
  if (typeof model !== 'object' || model === null || typeof model.embed !== 'function')
    throw expected('model', 'a function, or an object with a method embed', model)
  const embed = cachedFunction(model.embed, settings, model)
  return new Proxy(model, {
    get: (target, name) => {
      if (name === 'embed') return embed
      const member: unknown = Reflect.get(target, name, target)
      // Methods run on the model itself, whose private fields a proxy does not have.
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

type AnyEmbed = (inputs: readonly EmbeddingInput[], ...rest: readonly unknown[]) => PromiseLike<unknown>

function cachedFunction(given: EmbedFunction, options: Required<Settings>, self: unknown): AnyEmbed {
  const { cache, model, dimensions, maxBatch, ttl } = options
  const embeddings = new EmbeddingCache(cache, ttl)
  // The parameters are the model's own business; what it answers is read below.
  const embed = given as unknown as AnyEmbed
  // One model makes vectors of one length: what the first answer had, all others must have.
  let length = dimensions

  async function ask(missing: readonly EmbeddingInput[], rest: readonly unknown[]): Promise<readonly KeptEmbedding[]> {
    const all: KeptEmbedding[] = []
    for (let at = 0; at < missing.length; at += maxBatch) {
      const part = missing.slice(at, at + maxBatch)
      const vectors: unknown = await Reflect.apply(embed, self, [part, ...rest])
      if (!Array.isArray(vectors) || vectors.length !== part.length) throw wrongCount(vectors, part.length)
      for (const vector of vectors) {
        const read = readVector(vector, length ?? all[0]?.vector.length)
        all.push({ vector: read, truncated: false, asList: Array.isArray(vector), tokens: 0, answeredBy: '' })
      }
    }
    length ??= all[0]?.vector.length
    return all
  }

  return async (inputs, ...rest) => {
    if (!Array.isArray(inputs)) throw expected('inputs', 'a list of texts or of lists of tokens', inputs)
    const about = canonicalJson(rest.filter(argument => !(argument instanceof AbortSignal)))
    if (about === undefined || !inputs.every(isInput)) return Reflect.apply(embed, self, [inputs, ...rest])
    const key = { model, settings: `${dimensions ?? ''}${about}` }
    const batch = await embeddings.embed(key, inputs, missing => ask(missing, rest))
    return batch.embeddings.map(({ vector, asList }) => (asList ? Array.from(vector) : vector))
  }
}

type Settings = Pick<WrapEmbeddingsOptions, 'cache' | 'model'> & {
  readonly dimensions: number | undefined
  readonly ttl: Duration | undefined
  readonly maxBatch: number
}

function readOptions(options: WrapEmbeddingsOptions): Required<Settings> {
  readNames(options, names, 'wrapEmbeddings')
  const { cache, model, dimensions, ttl, maxBatch } = options
  if (typeof cache?.getOrSetMany !== 'function') throw expected('cache', 'a cache of createCache', cache)
  if (typeof model !== 'string' || model === '') throw expected('model', 'the name of the model', model)
  return {
    cache,
    model,
    dimensions: dimensions === undefined ? undefined : readCount(dimensions, 'dimensions'),
    ttl,
    maxBatch: maxBatch === undefined ? Number.POSITIVE_INFINITY : readCount(maxBatch, 'maxBatch'),
  }
}

function isInput(input: unknown): input is EmbeddingInput {
  return typeof input === 'string' || (Array.isArray(input) && input.every(token => Number.isSafeInteger(token)))
}

function wrongCount(vectors: unknown, wanted: number): RepriseError {
  const came = Array.isArray(vectors) ? `${vectors.length} vectors` : 'no list of vectors'
  return new RepriseError('embedding_failed', `The embedding model gave ${came} for ${wanted} inputs.`)
}

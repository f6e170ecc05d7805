import { hash } from 'node:crypto'
import { canonicalJson } from '../../base/codec/canonical-json.ts'
import type { Duration } from '../../base/duration.ts'
import type { Key } from '../../base/key.ts'
import { readNames, requireMethod } from '../../base/option-reading.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import type { Cache } from '../../core/cache.ts'
import type { LoadContext } from '../../core/load/loader.ts'
import { isKeepable } from './admission.ts'
import type {
  CallParams,
  GenerateResult,
  LanguageModelMiddleware,
  Model,
  StreamPart,
  StreamResult,
} from './model-types.ts'
import { PartLog } from './part-log.ts'
import { partsOf, resultOf } from './parts.ts'

export interface CachedModelOptions {
  /** How long an answer serves. Default 2 hours. */
  readonly ttl?: Duration
  /** What answers can be invalidated by, beside the model (`model:{id}`). */
  readonly tags?: readonly string[]
  /** Whose answers these are: tenants never share one. Default: one for all. */
  readonly tenant?: string
  /** Whether answers drawn at random are kept; `false` keeps those of temperature 0 alone. Default true. */
  readonly sampled?: boolean
  /** How long a model may take for a whole answer. Default 10 minutes. */
  readonly upstreamTimeout?: Duration
}

/** What is kept of an answer: whole, or as the stream that it came as. */
type Kept =
  | { readonly kind: 'result'; readonly result: GenerateResult }
  | { readonly kind: 'parts'; readonly parts: readonly StreamPart[] }

/** A making of an answer that others may share. */
interface Making {
  readonly log: PartLog
  readonly head: Promise<Omit<StreamResult, 'stream'>>
  readonly leave: () => void
  readers: number
}

const optionNames: ReadonlySet<string> = new Set(['ttl', 'tags', 'tenant', 'sampled', 'upstreamTimeout'])
/** For looking into the tiers, beside the model's own time. */
const deadline = '1h'

/**
 * A middleware of the AI SDK that answers from a cache. Streams are kept part by part and replayed as streams; a kept stream
 * answers `generateText` too, and the other way round. Calls that ask the same at once share one call of the model, from
 * its first part on. Kept are complete answers: finished by `stop` or `tool-calls`, tool calls with readable input.
 *
 * @example
 * const model = wrapLanguageModel({ model: openai('gpt-5-mini'), middleware: cachedModel(cache) })
 * const { text } = await generateText({ model, prompt: 'Why is the sky blue?' })
 * @throws RepriseError `invalid_option`
 */
export function cachedModel(cache: Cache, options: CachedModelOptions = {}): LanguageModelMiddleware {
  requireMethod(cache, 'namespace', 'cache', 'a cache of createCache')
  readNames(options, optionNames, 'cachedModel')
  const { ttl = '2h', tags = [], tenant = '', sampled = true, upstreamTimeout = '10m' } = options
  const kept = cache.namespace('models', { ttl, tags, loaderTimeout: upstreamTimeout, deadline })
  const makings = new Map<string, Making>()

  function keyOf(model: Model, params: CallParams): Key | undefined {
    if (!sampled && params.temperature !== 0) return undefined
    const { abortSignal: _, headers: _headers, includeRawChunks, ...asked } = params
    // Raw chunks are no part of an answer, and would be missing from a kept one.
    const text = includeRawChunks === true ? undefined : canonicalJson(plain(asked))
    return text === undefined ? undefined : [tenant, model.provider, model.modelId, hash('sha256', text, 'base64url')]
  }

  function keep(context: LoadContext, model: Model, value: Kept, result: GenerateResult | undefined): Kept {
    if (result === undefined || !isKeepable(result)) context.skipStore()
    else context.setTags([`model:${model.modelId}`])
    return value
  }

  async function generate(model: Model, params: CallParams, key: Key): Promise<GenerateResult> {
    let own: GenerateResult | undefined
    const value = await kept.getOrSet<Kept>(
      key,
      async context => {
        own = await model.doGenerate({ ...params, abortSignal: context.signal })
        return keep(context, model, { kind: 'result', result: bare(own) }, own)
      },
      params.abortSignal === undefined ? {} : { signal: params.abortSignal },
    )
    if (own !== undefined) return own
    const result = value.kind === 'result' ? value.result : resultOf(value.parts)
    // Only streams that came to their end are kept or shared.
    if (result === undefined) throw brokenOff()
    return { ...result, content: [...result.content], warnings: [...result.warnings] }
  }

  async function stream(model: Model, params: CallParams, key: Key): Promise<StreamResult> {
    params.abortSignal?.throwIfAborted()
    const name = JSON.stringify(key)
    const running = makings.get(name)
    // A making that an invalidation has overtaken is nobody's any more who comes now.
    if (running?.log.isWhole && kept.isLoading(key)) return follow(running)
    const found = await kept.get<Kept>(key)
    if (found !== undefined) return { stream: replay(found) }
    return begin(model, params, key, name)
  }

  async function begin(model: Model, params: CallParams, key: Key, name: string): Promise<StreamResult> {
    const leaving = new AbortController()
    const head = Promise.withResolvers<Omit<StreamResult, 'stream'>>()
    const making: Making = { log: new PartLog(), head: head.promise, leave: () => leaving.abort(), readers: 0 }
    head.promise.catch(() => undefined)
    makings.set(name, making)
    // With a signal the engine begins its load at once, so that whoever comes next sees it.
    const loading = kept.getOrSet<Kept>(key, context => record(context, model, params, making, head.resolve), {
      signal: leaving.signal,
    })
    void loading
      .then(
        value => {
          // Another call, here or in another process, was quicker: its answer is replayed.
          if (making.log.parts.length === 0) for (const part of allParts(value)) making.log.push(part)
          head.resolve({})
          making.log.finish()
        },
        (error: unknown) => {
          head.reject(error)
          making.log.finish(error)
        },
      )
      .finally(() => {
        if (makings.get(name) === making) makings.delete(name)
      })
    return follow(making)
  }

  async function record(
    context: LoadContext,
    model: Model,
    params: CallParams,
    { log }: Making,
    opened: (head: Omit<StreamResult, 'stream'>) => void,
  ): Promise<Kept> {
    const { stream: parts, ...head } = await model.doStream({ ...params, abortSignal: context.signal })
    opened(head)
    for await (const part of parts) log.push(part)
    const isBroken = log.parts.some(({ type }) => type === 'error')
    const result = log.isWhole && !isBroken ? resultOf(log.parts) : undefined
    return keep(context, model, { kind: 'parts', parts: log.parts }, result)
  }

  return {
    wrapGenerate: ({ doGenerate, model, params }) => {
      const key = keyOf(model, params)
      return key === undefined ? doGenerate() : generate(model, params, key)
    },
    wrapStream: ({ doStream, model, params }) => {
      const key = keyOf(model, params)
      return key === undefined ? doStream() : stream(model, params, key)
    },
  }
}

async function follow(making: Making): Promise<StreamResult> {
  making.readers += 1
  let isIn = true
  const leave = () => {
    if (!isIn) return
    isIn = false
    making.readers -= 1
    if (making.readers === 0) making.leave()
  }
  try {
    const head = await making.head
    return { ...head, stream: making.log.read(leave) }
  } catch (error) {
    leave()
    throw error
  }
}

function allParts(value: Kept): readonly StreamPart[] {
  return value.kind === 'parts' ? value.parts : partsOf(value.result)
}

function replay(value: Kept): ReadableStream<StreamPart> {
  return ReadableStream.from<StreamPart>(allParts(value))
}

/** An answer without what belongs to the exchange that it came by. */
function bare({ request: _, response, ...result }: GenerateResult): GenerateResult {
  if (response === undefined) return result
  const { headers: _headers, body: _body, ...metadata } = response
  return { ...result, response: metadata }
}

/** Data that JSON carries: files by the hash of their bytes, addresses as text. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { sha256: hash('sha256', value, 'base64url') }
  if (value instanceof URL) return { url: value.href }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}

function brokenOff(): RepriseError {
  return new RepriseError('upstream_broken', 'The stream of the model ended before its answer was whole.')
}

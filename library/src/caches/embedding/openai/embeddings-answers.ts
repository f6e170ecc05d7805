import type { Duration } from '../../../base/duration.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type { Cache } from '../../../core/cache.ts'
import type { Forward } from '../../llm/asking/llm-call.ts'
import { type EmbeddingBatch, EmbeddingCache, type EmbeddingInput } from '../embedding-cache.ts'
import { AskedUpstreams, UpstreamRefused, type WholeReply } from './asked-upstream.ts'
import type { EmbeddingsAnswer, EmbeddingsCall, EmbeddingsReason } from './embeddings-call.ts'
import { writeEmbeddingsReply } from './embeddings-reply.ts'
import { type EmbeddingsRequest, readEmbeddingsRequest } from './embeddings-request.ts'

export interface EmbeddingsAnswersOptions {
  /** Where vectors are kept; they lie in its namespace `embeddings`. */
  readonly cache: Cache
  /** How long a vector is kept. Default 30 days. */
  readonly ttl?: Duration
}

/**
 * Answers OpenAI's `/v1/embeddings` input by input: what is kept, and the upstream's answer for the rest, as one answer in
 * the order of the inputs. `usage` counts what the upstream counted for this call: inputs that were kept cost nothing.
 */
export interface EmbeddingsAnswers {
  /**
   * @throws what `forward` throws; RepriseError `embedding_failed` for an answer that cannot be read, `not_cached` in the
   *   mode `only`; the signal's reason. What an upstream refuses is answered as it came.
   */
  answer(call: EmbeddingsCall, forward: Forward): Promise<EmbeddingsAnswer>
}

/** Describe the bytes that came, not those that go on. */
const ofTheBody: ReadonlySet<string> = new Set(['content-length', 'content-encoding', 'content-type', 'etag'])

/**
 * @example
 * const embeddings = createEmbeddingsAnswers({ cache })
 * const answer = await embeddings.answer({ upstream: 'default', tenant: 't_1', body }, (signal, sent) => callUpstream(sent, signal))
 */
export function createEmbeddingsAnswers({ cache, ttl }: EmbeddingsAnswersOptions): EmbeddingsAnswers {
  const embeddings = new EmbeddingCache(cache, ttl)
  const upstreams = new AskedUpstreams()

  async function answerBatch(call: EmbeddingsCall, request: EmbeddingsRequest, forward: Forward) {
    const { upstream, tenant, namespace = '', mode = 'default', ttlMs, signal } = call
    const { model, inputs, settings, encoding } = request
    let reply: WholeReply | undefined
    const ask = async (missing: readonly EmbeddingInput[], askSignal: AbortSignal) => {
      const asked = await upstreams.ask(upstream, request, missing, body => forward(askSignal, body))
      reply = asked.reply
      return asked.embeddings
    }
    const key = { partition: JSON.stringify([tenant, namespace, upstream]), model, settings }
    const batch = await embeddings.embed(key, inputs, ask, {
      mode,
      ...(ttlMs === undefined ? {} : { ttl: ttlMs }),
      ...(signal === undefined ? {} : { signal }),
    })
    const promptTokens = Math.round(batch.tokens)
    const allTokens = batch.embeddings.reduce((sum, embedding) => sum + embedding.tokens, 0)
    const body = await writeEmbeddingsReply({ embeddings: batch.embeddings, encoding, model, tokens: promptTokens })
    const { state, reason } = stateOf(batch, mode)
    const outcome = {
      model,
      inputs: inputs.length,
      asked: batch.asked,
      promptTokens,
      savedPromptTokens: Math.max(0, Math.round(allTokens - batch.tokens)),
    }
    return { status: 200, headers: headersOf(reply), body, state, reason, outcome }
  }

  return {
    answer: async (call, forward) => {
      const request = readEmbeddingsRequest(call.body)
      if (request === undefined) return passedThrough(call, forward)
      const outcome = {
        model: request.model,
        inputs: request.inputs.length,
        asked: 0,
        promptTokens: 0,
        savedPromptTokens: 0,
      }
      try {
        return await answerBatch(call, request, forward)
      } catch (error) {
        if (!(error instanceof UpstreamRefused)) throw error
        const reason = call.mode === 'bypass' || call.mode === 'refresh' ? call.mode : 'absent'
        return { ...error.reply, state: reason === 'bypass' ? 'bypass' : 'miss', reason, outcome }
      }
    },
  }
}

async function passedThrough({ mode, body, signal }: EmbeddingsCall, forward: Forward): Promise<EmbeddingsAnswer> {
  if (mode === 'only') throw new RepriseError('not_cached', 'This call is of a kind that is not cached.')
  const answer = await forward(signal ?? new AbortController().signal, body)
  const outcome = { model: '', inputs: 0, asked: 0, promptTokens: 0, savedPromptTokens: 0 }
  return { ...answer, state: 'bypass', reason: 'unreadable', outcome }
}

function stateOf(
  { asked, coalesced, different }: EmbeddingBatch,
  mode: EmbeddingsCall['mode'],
): { readonly state: EmbeddingsAnswer['state']; readonly reason: EmbeddingsReason } {
  if (mode === 'bypass') return { state: 'bypass', reason: 'bypass' }
  if (mode === 'refresh') return { state: 'miss', reason: 'refresh' }
  if (asked === 0) return coalesced > 0 ? { state: 'coalesced', reason: 'in_flight' } : { state: 'hit', reason: 'kept' }
  return { state: 'miss', reason: asked < different ? 'partial' : 'absent' }
}

function headersOf(reply: WholeReply | undefined): Readonly<Record<string, string>> {
  const relayed = Object.entries(reply?.headers ?? {}).filter(([name]) => !ofTheBody.has(name))
  return { ...Object.fromEntries(relayed), 'content-type': 'application/json' }
}

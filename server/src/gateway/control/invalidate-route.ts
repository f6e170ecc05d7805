import { type AnswerKey, type AnswerSelector, parseDuration, parseInstant, RepriseError } from 'reprise'
import type { LlmCache } from 'reprise/llm'
import { type Static, Type } from 'typebox'
import type { Auth } from '../../http/auth.ts'
import type { HttpServer } from '../../http/http-server.ts'
import { problems } from '../../http/problem-schema.ts'
import type { Callers } from '../callers/callers.ts'
import { type Partitions, sharedPrefix } from '../callers/partitions.ts'

export interface CacheControlParts {
  readonly llm: LlmCache | undefined
  readonly callers: Callers
  readonly partitions: Partitions
  readonly auth: Auth
}

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 4_096, description }))

const Selector = Type.Object(
  {
    key: text('One answer: the header x-reprise-key of it.'),
    tag: text('Answers to calls that gave this tag (x-reprise-tags).'),
    document: text('Answers to calls that rest on this document (x-reprise-documents).'),
    model: text('Answers of this model.'),
    namespace: text('Answers in this namespace (x-reprise-namespace).'),
    prompt_hash: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{64}$',
        description: 'Answers to this prompt, as prompt_cache.prompt_hash has it: 64 hex digits.',
      }),
    ),
    older_than: text('Answers that are older: a duration such as 1h30m, or made at or before an ISO 8601 instant.'),
    tenant: text('Another tenant than the caller’s, or * for all; asks for the admin key.'),
  },
  {
    additionalProperties: false,
    description: 'Which answers are meant: those that meet every field.',
    examples: [{ tag: 'faq', older_than: '1h' }],
  },
)

const Invalidated = Type.Object(
  { removed: Type.Integer({ minimum: 0, description: 'Answers removed from the durable tier.' }) },
  {
    description: 'None of these answers is served any more, and those under way are not kept.',
    examples: [{ removed: 3 }],
  },
)

/** Removes answers: a caller its own, the admin those of anybody. */
export function invalidateRoute(server: HttpServer, { llm, callers, partitions, auth }: CacheControlParts): void {
  server.post(
    '/v1/cache/invalidate',
    {
      schema: {
        tags: ['gateway'],
        operationId: 'invalidateAnswers',
        summary: 'Forget answers',
        description:
          'By key, tag, document, model, namespace, prompt hash or age, or several of them together. A caller reaches its own answers and those of namespaces shared with it.',
        body: Selector,
        response: {
          200: Invalidated,
          ...problems(
            ...(['invalid_json', 'invalid_body', 'body_too_large', 'unsupported_media_type'] as const),
            ...(['not_authorized', 'database_unavailable'] as const),
          ),
        },
      },
    },
    async request => {
      const { tenant: named, ...fields } = request.body
      const selector = selectorOf(fields)
      if (named !== undefined) for (const check of auth.admin) await check(request)
      if (named === '*' && Object.keys(selector).length === 0) throw nothingSelected()
      if (llm === undefined) return { removed: 0 }
      if (named !== undefined) return forget(llm, named === '*' ? selector : { ...selector, tenant: named })
      const caller = await callers.recognise(request.headers)
      const namespace = selector.namespace ?? sharedNamespaceOf(selector.key)
      return forget(llm, { ...selector, tenant: partitions.of(caller, namespace) })
    },
  )
}

/** What the cache refuses of a selector is the caller's to mend. */
async function forget(llm: LlmCache, selector: AnswerSelector): Promise<{ readonly removed: number }> {
  try {
    return await llm.invalidate(selector)
  } catch (cause) {
    if (!(cause instanceof RepriseError) || cause.code !== 'invalid_option') throw cause
    throw new RepriseError('invalid_body', cause.message, { ...(cause.field && { field: cause.field }), cause })
  }
}

function selectorOf(body: Omit<Static<typeof Selector>, 'tenant'>): AnswerSelector {
  const { key, tag, document, model, namespace, prompt_hash, older_than } = body
  return {
    // Compared with those that were made here; any other text meets none.
    ...(key === undefined ? {} : { key: key as AnswerKey }),
    ...(tag === undefined ? {} : { tag }),
    ...(document === undefined ? {} : { document }),
    ...(model === undefined ? {} : { model }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(prompt_hash === undefined ? {} : { promptHash: prompt_hash }),
    ...(older_than === undefined ? {} : { olderThan: instantBefore(older_than) }),
  }
}

/** A key of a shared namespace begins with its partition. */
export function sharedNamespaceOf(key: string | undefined): string | undefined {
  const partition = key === undefined ? '' : tenantOf(key)
  return partition.startsWith(sharedPrefix) ? partition.slice(sharedPrefix.length) : undefined
}

/** The partition that a key is of. */
export function tenantOf(key: string): string {
  try {
    return decodeURIComponent(key.split('/', 1)[0] ?? '')
  } catch {
    return ''
  }
}

function instantBefore(text: string): number {
  try {
    return /^\d{4}-/.test(text) ? Date.parse(parseInstant(text)) : Date.now() - parseDuration(text, 'older_than')
  } catch (cause) {
    throw new RepriseError(
      'invalid_body',
      'older_than must be a duration such as 90s, 10m or 1h30m, or an ISO 8601 instant.',
      { field: 'older_than', cause },
    )
  }
}

function nothingSelected(): RepriseError {
  return new RepriseError(
    'invalid_body',
    'Name at least one of key, tag, document, model, namespace, prompt_hash and older_than; with older_than 0s, all answers of all tenants are meant.',
  )
}

import { RepriseError } from 'reprise'
import { Type } from 'typebox'
import type { HttpServer } from '../../http/http-server.ts'
import { problems } from '../../http/problem-schema.ts'
import { type CacheControlParts, sharedNamespaceOf, tenantOf } from './invalidate-route.ts'

const Feedback = Type.Object(
  {
    key: Type.String({ minLength: 1, maxLength: 4_096, description: 'The answer: the header x-reprise-key of it.' }),
    verdict: Type.Enum(['good', 'bad'] as const, { type: 'string', description: 'A bad answer is not served again.' }),
  },
  { examples: [{ key: 't_4fzYbq0oXkXvUqz1aW9n0Q//chat%2Fcompletions/default/…', verdict: 'bad' }] },
)

const Noted = Type.Object(
  { verdict: Type.String(), evicted: Type.Boolean({ description: 'Whether the answer was removed.' }) },
  { description: 'The verdict was taken.', examples: [{ verdict: 'bad', evicted: true }] },
)

/** Takes a caller's word on an answer that it got; a bad one is removed everywhere. */
export function feedbackRoute(server: HttpServer, { llm, callers, partitions }: Omit<CacheControlParts, 'auth'>): void {
  server.post(
    '/v1/cache/feedback',
    {
      schema: {
        tags: ['gateway'],
        operationId: 'judgeAnswer',
        summary: 'Say what an answer is worth',
        body: Feedback,
        response: {
          200: Noted,
          ...problems(
            ...(['invalid_json', 'invalid_body', 'body_too_large', 'unsupported_media_type'] as const),
            ...(['not_authorized', 'database_unavailable'] as const),
          ),
        },
      },
    },
    async request => {
      const { key, verdict } = request.body
      const caller = await callers.recognise(request.headers)
      if (tenantOf(key) !== partitions.of(caller, sharedNamespaceOf(key))) throw notOwn()
      await llm?.feedback(key, verdict)
      return { verdict, evicted: verdict === 'bad' && llm !== undefined }
    },
  )
}

function notOwn(): RepriseError {
  return new RepriseError(
    'not_authorized',
    'key names no answer of this caller. Send the credential that the answer was given to.',
    { field: 'key' },
  )
}

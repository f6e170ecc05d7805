import { parseGuestId, RepriseError } from 'reprise'
import type { Recall } from 'reprise/conversation'
import { Type } from 'typebox'
import { leavingSignal } from '../../gateway/requests/leaving.ts'
import { type Auth, userOf } from '../auth.ts'
import type { HttpServer } from '../http-server.ts'
import { problems } from '../problem-schema.ts'
import { GuestParameters, NamedUserQuery } from '../requests/parameters.ts'
import { userProblems } from '../user-routes.ts'
import { Found, foundFieldsOf } from './search-answer.ts'

export interface SearchRoutesParts {
  /** Undefined where no embedder is configured. */
  readonly recall: Recall | undefined
  readonly auth: Auth
}

const SearchQuery = Type.Object({
  q: Type.String({
    description: 'What is looked for, in words of any kind: messages that mean the like are found.',
    minLength: 1,
    maxLength: 4096,
    'x-error-code': 'invalid_query',
  }),
  limit: Type.Optional(
    Type.Integer({
      description: 'At most this many messages; 10 when left out.',
      minimum: 1,
      maximum: 100,
      'x-error-code': 'invalid_query',
    }),
  ),
})
const UserSearchQuery = Type.Object({ ...NamedUserQuery.properties, ...SearchQuery.properties })

const defaultLimit = 10
const searchProblems = ['invalid_query', 'embedder_missing', 'embedding_failed', 'overloaded'] as const
const description =
  'Compares the query with all messages of the owner. Messages that wait for their embedding are not found; pending says how many there are.'

/** Recall by meaning over all that a guest or a user said and was told. */
export function searchRoutes(server: HttpServer, { recall, auth }: SearchRoutesParts): void {
  server.get(
    '/v1/guest/chat/:guest_id/search',
    {
      preParsing: [...auth.guest],
      schema: {
        tags: ['guest chat'],
        security: auth.guest.length === 0 ? [] : [{ guestSecret: [] }],
        operationId: 'searchGuestMessages',
        summary: 'Find messages by meaning',
        description,
        params: GuestParameters,
        querystring: SearchQuery,
        response: {
          200: Found,
          ...problems(
            ...(['invalid_guest_id', 'guest_auth_failed', 'guest_migrated', 'database_unavailable'] as const),
            ...searchProblems,
          ),
        },
      },
    },
    async (request, reply) => {
      const guestId = parseGuestId(request.params.guest_id)
      const { q: text, limit = defaultLimit } = request.query
      return foundFieldsOf(await present(recall)({ kind: 'guest', guestId }, { text, limit }, leavingSignal(reply)))
    },
  )

  server.get(
    '/v1/users/me/search',
    {
      preParsing: [...auth.user],
      schema: {
        tags: ['user conversations'],
        security: auth.usersAreNamed ? [] : [{ userToken: [] }],
        operationId: 'searchUserMessages',
        summary: 'Find messages by meaning',
        description,
        querystring: UserSearchQuery,
        response: { 200: Found, ...problems(...userProblems, ...searchProblems) },
      },
    },
    async (request, reply) => {
      const { q: text, limit = defaultLimit } = request.query
      const scope = { kind: 'user', userId: userOf(request) } as const
      return foundFieldsOf(await present(recall)(scope, { text, limit }, leavingSignal(reply)))
    },
  )
}

/** @throws RepriseError `embedder_missing` */
function present(recall: Recall | undefined): Recall {
  if (recall !== undefined) return recall
  throw new RepriseError(
    'embedder_missing',
    'Messages are not embedded here (EMBEDDER=none), so that they cannot be searched by meaning. Set EMBEDDER=local on the server.',
  )
}

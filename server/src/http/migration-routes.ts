import { parseGuestId, parseUserId, RepriseError } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { type Static, Type } from 'typebox'
import { type Auth, userOf } from './auth.ts'
import type { HttpServer } from './http-server.ts'
import { problems } from './problem-schema.ts'
import { GuestParameters } from './requests/parameters.ts'

export interface MigrationRoutesParts {
  readonly conversations: Pick<Conversations, 'migrate'>
  readonly auth: Auth
}

const NamedUser = Type.Object(
  { user_id: Type.String({ description: 'Who the guest has become.', 'x-error-code': 'invalid_user_id' }) },
  { examples: [{ user_id: 'auth0|5f7c' }] },
)

const Receipt = Type.Object(
  {
    status: Type.Literal('migrated'),
    guest_id: Type.String(),
    user_id: Type.String(),
    migration_id: Type.String({ format: 'uuid' }),
    conversations_migrated: Type.Integer(),
    messages_migrated: Type.Integer(),
    started_at: Type.String(),
    completed_at: Type.String(),
    notes: Type.String(),
    repeated: Type.Boolean({ description: 'Whether the same user had asked before; nothing was changed then.' }),
  },
  {
    description: 'The guest’s conversations are the user’s.',
    examples: [
      {
        status: 'migrated',
        guest_id: 'web-7f3a',
        user_id: 'auth0|5f7c',
        migration_id: '7d7c6a3e-3f4e-4d59-9d0b-0c5a3d4e5f60',
        conversations_migrated: 1,
        messages_migrated: 2,
        started_at: '2026-01-31T12:00:00.000Z',
        completed_at: '2026-01-31T12:00:00.010Z',
        notes: 'Migrated 1 conversations with 2 messages from guest web-7f3a',
        repeated: false,
      },
    ],
  },
)

/** A guest becomes a user: both prove who they are, where credentials are configured. */
export function migrationRoutes(server: HttpServer, { conversations, auth }: MigrationRoutesParts): void {
  const { usersAreNamed } = auth
  const proofs = {
    ...(auth.guest.length === 0 ? {} : { guestSecret: [] }),
    ...(usersAreNamed ? {} : { userToken: [] }),
  }

  server.post(
    '/v1/guest/migrate/:guest_id',
    {
      preParsing: usersAreNamed ? [...auth.guest] : [...auth.user, ...auth.guest],
      schema: {
        tags: ['guest chat'],
        security: Object.keys(proofs).length === 0 ? [] : [proofs],
        operationId: 'migrateGuest',
        summary: 'Hand a guest’s conversations over to a user',
        description: 'The user is named by the body where no credentials are configured, else by the user’s token.',
        params: GuestParameters,
        ...(usersAreNamed ? { body: NamedUser } : {}),
        response: {
          200: Receipt,
          ...problems(
            ...(['invalid_guest_id', 'invalid_user_id', 'invalid_body', 'invalid_json', 'invalid_utf8'] as const),
            ...(['guest_auth_failed', 'not_authorized', 'guest_unknown', 'migration_conflict'] as const),
            ...(['unsupported_media_type', 'database_unavailable', 'identity_unavailable'] as const),
          ),
        },
      },
    },
    async request => {
      const guestId = parseGuestId(request.params.guest_id)
      // Where users are named, NamedUser has checked the body.
      const userId = usersAreNamed ? parseUserId((request.body as Static<typeof NamedUser>).user_id) : userOf(request)
      const outcome = await conversations.migrate(guestId, userId)
      switch (outcome.kind) {
        case 'completed': {
          const { receipt } = outcome
          return {
            status: 'migrated' as const,
            guest_id: receipt.guestId,
            user_id: receipt.userId,
            migration_id: receipt.migrationId,
            conversations_migrated: receipt.conversations,
            messages_migrated: receipt.messages,
            started_at: receipt.startedAt,
            completed_at: receipt.completedAt,
            notes: receipt.notes,
            repeated: !outcome.first,
          }
        }
        case 'other_user':
          throw new RepriseError('migration_conflict', 'Another user has taken this guest’s conversations over.', {
            field: 'guest_id',
          })
        case 'unknown':
          throw new RepriseError('guest_unknown', 'This guest has no conversation to hand over.', { field: 'guest_id' })
      }
    },
  )
}

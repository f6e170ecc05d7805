import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { parseGuestId, parseUserId, RepriseError, type UserId } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { isLoopback } from '../config/loopback.ts'
import type { Settings } from '../config/settings-table.ts'
import { createTokenReader } from './user-tokens.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The user whom `auth.user` let in. */
    userId: UserId | undefined
  }
}

/** Runs before a body is read, so that strangers cannot make the server work. */
export type Check = (request: FastifyRequest) => Promise<void>

/** Who may do what. Each list holds the checks of one kind of route, and is empty where everybody may. */
export interface Auth {
  /** Asks for the guest's secret. */
  readonly guest: readonly Check[]
  /** Finds out which user asks, and sets `request.userId`. */
  readonly user: readonly Check[]
  /** Whether users are named by the request itself, because no credentials are configured. */
  readonly usersAreNamed: boolean
  /** Asks for the admin key. */
  readonly admin: readonly Check[]
}

export type AuthSettings = Pick<
  Settings,
  'host' | 'guestAuth' | 'jwtSecret' | 'jwksUrl' | 'jwtIssuer' | 'jwtAudience' | 'adminApiKey'
>

export function createAuth(settings: AuthSettings, checkSecret: Conversations['checkSecret']): Auth {
  const readToken = createTokenReader(settings)
  const usersAreNamed = readToken === undefined && isLoopback(settings.host)
  const { adminApiKey } = settings

  const guest: Check = async request => {
    const guestId = parseGuestId(parameterOf(request.params, 'guest_id'))
    const secret = request.headers['x-guest-secret']
    if (typeof secret === 'string' && (await checkSecret(guestId, secret))) return
    // Operators search, export and erase for guests who ask them to.
    if (secret === undefined && holdsAdminKey(request)) return
    const reason = secret === undefined ? 'is missing' : 'is not this guest’s'
    throw new RepriseError(
      'guest_auth_failed',
      `The header x-guest-secret ${reason}. POST /v1/guest issues a guest with its secret.`,
      { field: 'x-guest-secret' },
    )
  }
  const user: Check = async request => {
    const named = parameterOf(request.query, 'user_id')
    // Operators search, export and erase for users who ask them to.
    if (!usersAreNamed && named !== undefined && holdsAdminKey(request)) {
      request.userId = parseUserId(named)
      return
    }
    if (readToken !== undefined) {
      request.userId = await readToken(bearerOf(request, 'the user’s token'))
      return
    }
    if (!usersAreNamed) throw notAuthorized('Users are not recognised here: set JWT_SECRET or JWKS_URL on the server.')
    if (named === undefined) throw userIsNotNamed()
    request.userId = parseUserId(named)
  }
  const holdsAdminKey = ({ headers }: FastifyRequest) => {
    const [, given] = bearerPattern.exec(headers.authorization ?? '') ?? []
    return adminApiKey !== undefined && given !== undefined && isSame(given, adminApiKey)
  }
  const admin: Check = async request => {
    if (adminApiKey !== undefined && !isSame(bearerOf(request, 'the admin key'), adminApiKey)) {
      throw notAuthorized('The admin key is wrong. It is the value of ADMIN_API_KEY.')
    }
    if (adminApiKey === undefined) throw notAuthorized('The admin API is closed: set ADMIN_API_KEY on the server.')
  }
  const adminIsOpen = adminApiKey === undefined && isLoopback(settings.host)
  return {
    guest: settings.guestAuth === 'secret' ? [guest] : [],
    user: [user],
    usersAreNamed,
    admin: adminIsOpen ? [] : [admin],
  }
}

/** The user whom the route's check let in. */
export function userOf(request: FastifyRequest): UserId {
  if (request.userId !== undefined) return request.userId
  throw new RepriseError('not_authorized', 'No user was recognised.', { field: 'authorization' })
}

const bearerPattern = /^Bearer +(\S.*)$/i

function bearerOf(request: FastifyRequest, what: string): string {
  const [, given] = bearerPattern.exec(request.headers.authorization ?? '') ?? []
  if (given !== undefined) return given
  throw notAuthorized(`Send ${what} in the header authorization: Bearer …`)
}

function userIsNotNamed(): RepriseError {
  return new RepriseError('invalid_user_id', 'Name the user: add ?user_id=… to the path, such as ?user_id=ann.', {
    field: 'user_id',
  })
}

function notAuthorized(message: string): RepriseError {
  return new RepriseError('not_authorized', message, { field: 'authorization' })
}

/** Constant-time, whatever the lengths: hashes are compared. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'))
}

function parameterOf(parameters: unknown, name: string): unknown {
  return typeof parameters === 'object' && parameters !== null
    ? new Map(Object.entries(parameters)).get(name)
    : undefined
}

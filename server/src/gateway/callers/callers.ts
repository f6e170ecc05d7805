import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { RepriseError, type UserId } from 'reprise'
import { isLoopback } from '../../config/loopback.ts'
import type { Settings } from '../../config/settings-table.ts'
import { createTokenReader } from '../../http/user-tokens.ts'
import { credentialOf } from './credential.ts'

/** Whoever a request to the gateway speaks for. */
export interface Caller {
  /** The partition of all that is cached for this caller: an HMAC of its credential, never the credential. */
  readonly tenant: string
  /** The user whose token came; undefined for the holder of a key. */
  readonly userId: UserId | undefined
  /** Who is accounted: the user, or the key's tenant. */
  readonly accountId: string
  /** Whether the caller's own key goes on to the upstream. */
  readonly bringsKey: boolean
  /** Whether the server may use its own key for this caller. */
  readonly mayUseServerKey: boolean
}

export interface Callers {
  /** @throws RepriseError `not_authorized` for a token that is not valid here, `identity_unavailable` */
  recognise(headers: IncomingHttpHeaders): Caller | Promise<Caller>
  /** Who is accounted for a tenant: its user, as far as this process knows one, else the tenant itself. */
  ownerOf(tenant: string): string
}

export type CallerSettings = Pick<
  Settings,
  'host' | 'adminApiKey' | 'jwtSecret' | 'jwksUrl' | 'jwtIssuer' | 'jwtAudience'
>

/** Recognised keys that are remembered; past it the oldest one is worked out again. */
const mostRemembered = 10_000

/** Recognises callers. `secret` is the database's: servers that share it agree on tenants. */
export function createCallers(settings: CallerSettings, secret: Uint8Array): Callers {
  const readToken = createTokenReader(settings)
  const onLoopback = isLoopback(settings.host)
  const { adminApiKey } = settings
  const remembered = new Map<string, Caller>()
  const users = new Map<string, UserId>()
  const tenantOf = (kind: 'key' | 'user', name: string) =>
    `t_${createHmac('sha256', secret).update(`${kind}\u0000${name}`).digest('base64url').slice(0, 22)}`

  function holderOf(credential: string): Caller {
    const known = remembered.get(credential)
    if (known !== undefined) return known
    const tenant = tenantOf('key', credential)
    // The admin key is for this server alone, like a user's token.
    const isAdmin = adminApiKey !== undefined && isSame(credential, adminApiKey)
    const bringsKey = credential !== '' && !isAdmin
    const caller = {
      tenant,
      userId: undefined,
      accountId: tenant,
      bringsKey,
      mayUseServerKey: isAdmin || (!bringsKey && onLoopback),
    }
    remember(remembered, credential, caller)
    return caller
  }

  async function userOf(token: string, read: NonNullable<typeof readToken>): Promise<Caller> {
    const userId = await read(token)
    const tenant = tenantOf('user', userId)
    if (!users.has(tenant)) remember(users, tenant, userId)
    return { tenant, userId, accountId: userId, bringsKey: false, mayUseServerKey: true }
  }

  return {
    recognise: headers => {
      const { text, token } = credentialOf(headers)
      return readToken === undefined || token === undefined ? holderOf(text) : userOf(token, readToken)
    },
    ownerOf: tenant => users.get(tenant) ?? tenant,
  }
}

/** Constant-time, whatever the lengths: hashes are compared. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'))
}

/** Keeps a value under a key; past the bound the oldest is forgotten. */
function remember<Value>(known: Map<string, Value>, key: string, value: Value): void {
  if (known.size >= mostRemembered) {
    const [oldest] = known.keys()
    if (oldest !== undefined) known.delete(oldest)
  }
  known.set(key, value)
}

/** What a caller is answered whose request would go on with a key of the server that is not for everybody. */
export function keyMissing(): RepriseError {
  return new RepriseError(
    'not_authorized',
    'Send your key of the model provider, or a user’s token, in the header authorization: Bearer …',
    { field: 'authorization' },
  )
}

import { createRemoteJWKSet, errors, type JWTVerifyResult, jwtVerify } from 'jose'
import { parseUserId, RepriseError, type UserId } from 'reprise'
import type { Settings } from '../config/settings-table.ts'

/** Reads whose token this is. */
export type TokenReader = (token: string) => Promise<UserId>

const publicKeyAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]

/** What jose throws when the token, and not the fetching of keys, is at fault. */
const tokenFaults = [
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
]

/**
 * Reads users' tokens: by a shared secret HS256 alone, by published keys the public-key algorithms alone, so that no
 * public key is ever taken for a shared secret. Undefined when neither is configured.
 */
export function createTokenReader(
  settings: Pick<Settings, 'jwtSecret' | 'jwksUrl' | 'jwtIssuer' | 'jwtAudience'>,
): TokenReader | undefined {
  const { jwtSecret, jwksUrl, jwtIssuer, jwtAudience } = settings
  const claims = {
    requiredClaims: ['sub'],
    ...(jwtIssuer === undefined ? {} : { issuer: jwtIssuer }),
    ...(jwtAudience === undefined ? {} : { audience: jwtAudience }),
  }
  if (jwtSecret !== undefined) {
    const key = new TextEncoder().encode(jwtSecret)
    return token => userOf(jwtVerify(token, key, { ...claims, algorithms: ['HS256'] }))
  }
  if (jwksUrl === undefined) return undefined
  const keys = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 3_000, cooldownDuration: 10_000 })
  return token => userOf(jwtVerify(token, keys, { ...claims, algorithms: publicKeyAlgorithms }))
}

async function userOf(verifying: Promise<JWTVerifyResult>): Promise<UserId> {
  try {
    return parseUserId((await verifying).payload.sub)
  } catch (error) {
    const cause = { cause: error, field: 'authorization' }
    if (error instanceof RepriseError) {
      throw new RepriseError('not_authorized', `The token’s sub cannot be a user: ${error.message}`, cause)
    }
    if (error instanceof errors.JWTExpired) throw new RepriseError('not_authorized', 'The token has expired.', cause)
    if (tokenFaults.some(fault => error instanceof fault)) {
      throw new RepriseError('not_authorized', 'The token is not valid here; sign in again.', cause)
    }
    throw new RepriseError('identity_unavailable', 'The keys that tokens are checked by cannot be fetched now.', {
      cause: error,
      retryAfterSeconds: 5,
    })
  }
}

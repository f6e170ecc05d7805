import { messageOf, RepriseError } from '../../base/reprise-error.ts'

/** What is used of google-auth-library: a `GoogleAuth` fits. */
export interface AccessTokens {
  getAccessToken(): Promise<string | null | undefined>
}

const scope = 'https://www.googleapis.com/auth/cloud-platform'
const googleTokenUrl = 'https://oauth2.googleapis.com/token'

/**
 * Gives an access token for each call; google-auth-library keeps it until it is about to expire. Without `auth`,
 * Application Default Credentials are looked up at the first call (GOOGLE_APPLICATION_CREDENTIALS, gcloud's file, the
 * metadata server), and only then is the library loaded.
 */
export function googleAccessTokens(auth: AccessTokens | undefined): (signal: AbortSignal) => Promise<string> {
  let tokens: Promise<AccessTokens> | undefined = auth === undefined ? undefined : Promise.resolve(auth)

  async function current(): Promise<string> {
    try {
      tokens ??= applicationDefault()
      const token = await (await tokens).getAccessToken()
      if (typeof token === 'string' && token !== '') return token
    } catch (error) {
      // Credentials that could not be read may be mended meanwhile.
      if (auth === undefined) tokens = undefined
      throw noToken(messageOf(error))
    }
    throw noToken('the answer holds none')
  }
  return signal => unlessAborted(current(), signal)
}

// The error's cause is left out: it carries the request, and with it the signed assertion.
function noToken(reason: string): RepriseError {
  return new RepriseError(
    'embedding_failed',
    `Google gave no access token: ${reason.slice(0, 300).replace(/\.$/, '')}. Check GOOGLE_APPLICATION_CREDENTIALS.`,
  )
}

async function applicationDefault(): Promise<AccessTokens> {
  const { GoogleAuth, JWT } = await import('google-auth-library').catch(() => {
    throw new Error('google-auth-library is not installed; npm install google-auth-library')
  })
  const auth = new GoogleAuth({ scopes: [scope] })
  const client = await auth.getClient()
  const key = auth.jsonContent
  const tokenUrl = key !== null && 'token_uri' in key ? key.token_uri : undefined
  if (client instanceof JWT && typeof tokenUrl === 'string' && tokenUrl !== googleTokenUrl) {
    // A service account's key names its token endpoint, but the library asks Google's own whatever stands there.
    client.additionalClaims = { aud: tokenUrl }
    client.transporter.interceptors.request.add({
      resolved: async request => {
        if (request.url.href === googleTokenUrl) request.url = new URL(tokenUrl)
        return request
      },
    })
  }
  return auth
}

/** google-auth-library takes no signal: its call goes on, but nobody waits for it any longer. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(noToken('the time for it is up'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

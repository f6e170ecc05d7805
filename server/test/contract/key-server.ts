import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { freePort } from '../../../testbed/free-port.ts'

/** Whom tokens come from and whom they are for, unless they are made for others. */
export const issuer = 'https://id.example.com/'
export const audience = 'reprise'

export interface KeyServer extends AsyncDisposable {
  readonly url: string
  /** A token that is taken, unless it is made for others. */
  token(claims?: { readonly issuer?: string; readonly audience?: string }): Promise<string>
}

/** Publishes the key that signs its tokens, as an identity provider does. */
export async function startKeyServer(): Promise<KeyServer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }]
  const server = createServer((_, answer) =>
    answer.setHeader('content-type', 'application/json').end(JSON.stringify({ keys })),
  )
  const port = await freePort()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${port}/keys`,
    token: claims =>
      new SignJWT({ sub: 'user-1' })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuer(claims?.issuer ?? issuer)
        .setAudience(claims?.audience ?? audience)
        .setExpirationTime('1m')
        .sign(privateKey),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

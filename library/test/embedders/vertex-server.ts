import { createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { numbersOf } from './embedding-server.ts'
import { type Answer, type JsonServer, startJsonServer } from './json-server.ts'

export interface VertexServer extends JsonServer {
  /** A service account's key file, which names this server as its token endpoint. */
  readonly keyFile: string
  /** How many tokens were given out. */
  readonly tokensGiven: number
}

export interface VertexServerOptions {
  readonly project: string
  readonly location?: string
  /** How long a token holds. Default 3,599 as Google's. */
  readonly tokenSeconds?: number
  /** Answers a prediction in place of the healthy model. */
  readonly predict?: (text: string, dimension: number) => Answer | undefined
  /** Answers a request for a token in place of the healthy endpoint. */
  readonly token?: () => Answer | undefined
}

/**
 * Speaks what Vertex AI speaks: OAuth 2.0's JWT bearer grant (RFC 7523) with the signature checked, and the predict
 * method of the multimodal embedding model with its limits: one instance, 1,024 characters, no empty text.
 */
export async function startVertexServer(options: VertexServerOptions): Promise<VertexServer> {
  const { project, location = 'us-central1', tokenSeconds = 3599 } = options
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const email = `embedder@${project}.iam.gserviceaccount.com`
  const tokens = new Set<string>()
  const predictPath = `/v1/projects/${project}/locations/${location}/publishers/google/models/multimodalembedding@001:predict`

  const server = await startJsonServer(({ path, headers, body }) => {
    if (path === '/token') return options.token?.() ?? tokenAnswer(body)
    if (path !== predictPath) return { status: 404, body: { error: { code: 404, status: 'NOT_FOUND' } } }
    if (!tokens.has(headers.authorization?.replace(/^Bearer /, '') ?? ''))
      return { status: 401, body: { error: { code: 401, status: 'UNAUTHENTICATED' } } }
    return prediction(JSON.parse(body))
  })

  function tokenAnswer(body: string): Answer {
    const form = new URLSearchParams(body)
    const [header = '', payload = '', signature = ''] = (form.get('assertion') ?? '').split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}')
    const signed = createVerify('RSA-SHA256').update(`${header}.${payload}`)
    const faults = [
      form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer' && 'grant_type',
      !signed.verify(createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })), signature, 'base64url') &&
        'signature',
      claims.iss !== email && 'iss',
      claims.aud !== `${server.url}/token` && 'aud',
      claims.scope !== 'https://www.googleapis.com/auth/cloud-platform' && 'scope',
      claims.exp * 1000 < Date.now() && 'exp',
    ].filter(fault => fault !== false)
    if (faults.length > 0)
      return { status: 400, body: { error: 'invalid_grant', error_description: `bad ${faults.join(', ')}` } }
    const token = `ya29.token-${tokens.size + 1}`
    tokens.add(token)
    return { body: { access_token: token, expires_in: tokenSeconds, token_type: 'Bearer' } }
  }

  function prediction(asked: { instances?: { text?: unknown }[]; parameters?: { dimension?: number } }): Answer {
    const [instance, ...more] = asked.instances ?? []
    const text = instance?.text
    const dimension = asked.parameters?.dimension ?? 1408
    const refused = { status: 400, body: { error: { code: 400, status: 'INVALID_ARGUMENT', message: `bad: ${text}` } } }
    if (more.length > 0 || typeof text !== 'string' || text === '' || text.length > 1024) return refused
    if (![128, 256, 512, 1408].includes(dimension)) return refused
    const healthy = { predictions: [{ textEmbedding: numbersOf(text, dimension) }], deployedModelId: '1' }
    return options.predict?.(text, dimension) ?? { body: healthy }
  }

  const directory = await mkdtemp(join(tmpdir(), 'reprise-vertex-'))
  const keyFile = join(directory, 'key.json')
  const key = {
    type: 'service_account',
    project_id: project,
    private_key_id: 'key-1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: email,
    token_uri: `${server.url}/token`,
  }
  await writeFile(keyFile, JSON.stringify(key), { mode: 0o600 })
  return {
    url: server.url,
    requests: server.requests,
    keyFile,
    get mostAtOnce() {
      return server.mostAtOnce
    },
    get tokensGiven() {
      return tokens.size
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
}

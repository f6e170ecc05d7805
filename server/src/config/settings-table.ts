import { gatewaySettings } from './gateway-settings.ts'
import { defaulted, optional, type Setting } from './setting.ts'
import {
  addresses,
  choice,
  clusterNodes,
  origins,
  secret,
  switchable,
  text,
  url,
  wholeNumber,
  workerCount,
} from './setting-kinds.ts'

/** Every setting, by the property that carries it. */
export const settingsTable = {
  host: defaulted('HOST', text('host name or address', /^[A-Za-z0-9_.:-]+$/), '127.0.0.1', {
    description:
      'The address to listen on. Elsewhere than on loopback the server starts only with `ADMIN_API_KEY` and `GUEST_AUTH` set.',
    example: '0.0.0.0',
  }),
  port: defaulted('PORT', wholeNumber(0, 65_535), 8000, {
    description: 'The port to listen on; 0 takes a free one.',
    example: '8080',
  }),
  databaseUrl: optional('DATABASE_URL', url('postgres', 'postgresql'), {
    description: 'The PostgreSQL server (15 or newer). Without it an embedded one keeps its files in `DATA_DIR`.',
    example: 'postgres://reprise:password@db.example.com:5432/reprise',
  }),
  databasePoolSize: defaulted('DATABASE_POOL_SIZE', wholeNumber(1, 1000), 10, {
    description: 'How many connections to PostgreSQL are kept at most.',
    example: '20',
  }),
  workers: defaulted('WORKERS', workerCount, 1, {
    description:
      'How many processes serve together on one port; `auto` takes one for each processor. More than one needs `DATABASE_URL`, and each keeps `DATABASE_POOL_SIZE` connections.',
    example: 'auto',
  }),
  slowQueryMs: defaulted('SLOW_QUERY_MS', wholeNumber(0, 3_600_000), 1000, {
    description:
      'From how many milliseconds on a database statement is slow: it is counted, and logged without its values.',
    example: '200',
  }),
  dataDirectory: defaulted('DATA_DIR', text('directory'), './data', {
    description: 'Where the embedded database keeps its files.',
    example: '/var/lib/reprise',
  }),
  redisUrl: optional('REDIS_URL', url('redis', 'rediss'), {
    description: 'The Redis server (7 or newer) for fast copies. Without it the memory of the process serves.',
    example: 'rediss://default:password@redis.example.com:6379',
  }),
  redisClusterNodes: optional('REDIS_CLUSTER_NODES', clusterNodes, {
    description:
      'Some nodes of a Redis Cluster (7 or newer), instead of `REDIS_URL`; the others are found by asking. For TLS or a password, give them as URLs: `rediss://user:password@host:port`.',
    example: '10.0.0.1:6379,10.0.0.2:6379,10.0.0.3:6379',
  }),
  enableRedisCache: defaulted('ENABLE_REDIS_CACHE', switchable, true, {
    description:
      'Whether Redis is used where `REDIS_URL` or `REDIS_CLUSTER_NODES` names one; `false` means memory alone.',
    example: 'false',
  }),
  enableCache: defaulted('ENABLE_CACHE', switchable, true, {
    description: 'Whether anything is cached at all; `false` reads and writes PostgreSQL alone.',
    example: 'false',
  }),
  guestAuth: {
    name: 'GUEST_AUTH',
    kind: choice('open', 'secret'),
    whenUnset: () => 'open',
    defaultText: '`open` on loopback, to be set elsewhere',
    description: 'Whether guests choose their ids freely, or are issued ids with secrets by `POST /v1/guest`.',
    example: 'secret',
  } satisfies Setting<'open' | 'secret', 'open'>,
  jwtSecret: optional('JWT_SECRET', secret(32), {
    description: 'The shared secret of users’ tokens (HS256). Changes nothing for guests.',
    example: '$(openssl rand -base64 48)',
  }),
  jwksUrl: optional('JWKS_URL', url('https', 'http'), {
    description: 'Where the public keys of users’ tokens are published (RS, PS, ES, EdDSA).',
    example: 'https://id.example.com/.well-known/jwks.json',
  }),
  jwtIssuer: optional('JWT_ISSUER', text('issuer'), {
    description: 'Whose tokens are taken (their `iss`); any issuer when unset.',
    example: 'https://id.example.com/',
  }),
  jwtAudience: optional('JWT_AUDIENCE', text('audience'), {
    description: 'For whom tokens must be meant (their `aud`); anybody when unset.',
    example: 'reprise',
  }),
  adminApiKey: optional('ADMIN_API_KEY', secret(), {
    description: 'The bearer token of the admin API and of `/metrics`. Without it they are open on loopback.',
    example: '$(openssl rand -hex 32)',
  }),
  adminShowKeys: defaulted('ADMIN_SHOW_KEYS', switchable, false, {
    description: 'Whether the admin API and the dashboard show keys and tags, which may hold personal data, or hashes.',
    example: 'true',
  }),
  enforceQuota: defaulted('ENFORCE_QUOTA', switchable, false, {
    description: 'Whether a guest’s messages past the monthly limit are refused (429).',
    example: 'true',
  }),
  guestMonthlyRequestLimit: defaulted('GUEST_MONTHLY_REQUEST_LIMIT', wholeNumber(0, 2_147_483_647), 100, {
    description: 'The monthly limit of messages that a new guest gets.',
    example: '1000',
  }),
  guestRetentionDays: defaulted('GUEST_RETENTION_DAYS', wholeNumber(0, 36_500), 0, {
    description: 'Guests whose last message is older are erased; 0 keeps them for ever.',
    example: '90',
  }),
  rateLimitMax: {
    name: 'RATE_LIMIT_MAX',
    kind: wholeNumber(0, 1_000_000_000),
    whenUnset: isLoopback => (isLoopback ? 0 : 600),
    defaultText: '`0` on loopback, `600` elsewhere',
    description: 'Requests a minute that one address may make; 0 sets no limit.',
    example: '1200',
  } satisfies Setting<number>,
  trustedProxies: {
    name: 'TRUSTED_PROXIES',
    kind: addresses,
    whenUnset: () => noAddresses,
    defaultText: '',
    description:
      'Proxies (addresses or CIDR ranges) whose `X-Forwarded-For` tells the address that `RATE_LIMIT_MAX` counts.',
    example: '10.0.0.0/8,192.168.1.4',
  } satisfies Setting<readonly string[]>,
  corsOrigins: {
    name: 'CORS_ORIGINS',
    kind: origins,
    whenUnset: () => noOrigins,
    defaultText: '',
    description: 'Web pages of these origins may call the server from browsers.',
    example: 'https://app.example.com,http://localhost:3000',
  } satisfies Setting<readonly string[]>,
  maxMessageBytes: defaulted('MAX_MESSAGE_BYTES', wholeNumber(1, 16_777_216), 262_144, {
    description: 'How long the content of a message may be, in bytes of UTF-8.',
    example: '1048576',
  }),
  embedder: defaulted('EMBEDDER', choice('local', 'openai', 'vertex', 'hash', 'none'), 'local', {
    description:
      'Who turns messages into vectors: `local` (all-MiniLM-L6-v2 inside the server, without network), `openai` (any server with OpenAI’s `/embeddings`), `vertex` (Google’s `multimodalembedding@001`), `hash` (near-exact matching only), or `none`.',
    example: 'openai',
  }),
  embedderCpuPercent: defaulted('EMBEDDER_CPU_PERCENT', wholeNumber(1, 100), 10, {
    description:
      'How much of one processor `EMBEDDER=local` takes for messages while the server is at rest, less the busier it is; queries are not held up by it, but count.',
    example: '50',
  }),
  embedderBaseUrl: optional('EMBEDDER_BASE_URL', url('https', 'http'), {
    description: 'Where the embedding model is served; a provider’s own address when unset.',
    example: 'http://127.0.0.1:11434/v1',
  }),
  embedderModel: optional('EMBEDDER_MODEL', text('model name'), {
    description: 'The embedding model; the provider’s usual one when unset.',
    example: 'text-embedding-3-small',
  }),
  embedderApiKey: optional('EMBEDDER_API_KEY', secret(), {
    description: 'The key that the embedding model asks for.',
    example: 'sk-…',
  }),
  googleCloudProject: optional('GOOGLE_CLOUD_PROJECT', text('project id', /^[A-Za-z0-9.:-]+$/), {
    description: 'The Google Cloud project of `EMBEDDER=vertex`.',
    example: 'my-project',
  }),
  googleCloudLocation: defaulted('GOOGLE_CLOUD_LOCATION', text('region', /^[a-z0-9-]+$/), 'us-central1', {
    description: 'The Google Cloud region of `EMBEDDER=vertex`.',
    example: 'europe-west4',
  }),
  ...gatewaySettings,
  logLevel: defaulted('LOG_LEVEL', choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info', {
    description: 'Which log lines are written; `debug` shows each step of a saved message.',
    example: 'debug',
  }),
} as const

const noOrigins: readonly string[] = Object.freeze([])
const noAddresses: readonly string[] = Object.freeze([])

type ValueOf<Entry> = Entry extends Setting<infer Value, infer Unset> ? Value | Unset : never

/** All settings, read and checked. */
export type Settings = { readonly [Key in keyof typeof settingsTable]: ValueOf<(typeof settingsTable)[Key]> }

export type { Setting }

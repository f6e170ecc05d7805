import { isLoopback } from './loopback.ts'
import { type Settings, settingsTable } from './settings-table.ts'

/** One thing wrong with the settings. */
export interface SettingFault {
  readonly name: string
  readonly reason: string
  readonly example: string
}

/** What one setting asks of others: the fault when it does not hold. */
export type SettingRule = (settings: Settings, isSet: (name: string) => boolean) => SettingFault | undefined

function fault(property: keyof Settings, reason: string): SettingFault {
  const { name, example } = settingsTable[property]
  return { name, reason, example }
}

export const settingRules: readonly SettingRule[] = [
  ({ host, jwtSecret, jwksUrl }, isSet) =>
    isLoopback(host) || !isSet('UPSTREAM_API_KEY') || jwtSecret !== undefined || jwksUrl !== undefined
      ? undefined
      : fault(
          'upstreamApiKey',
          `HOST=${host} can be reached from elsewhere, so that this key needs users with tokens: set JWT_SECRET or JWKS_URL too, or leave it out and let callers send their own`,
        ),
  ({ host }, isSet) =>
    isLoopback(host) || isSet('ADMIN_API_KEY')
      ? undefined
      : fault('adminApiKey', `HOST=${host} can be reached from elsewhere, so that the admin API needs a key`),
  ({ host }, isSet) =>
    isLoopback(host) || isSet('GUEST_AUTH')
      ? undefined
      : fault('guestAuth', `HOST=${host} can be reached from elsewhere, so that open or secret must be chosen`),
  (_, isSet) =>
    isSet('JWT_SECRET') && isSet('JWKS_URL')
      ? fault('jwksUrl', 'JWT_SECRET is set too, and tokens are checked by one of the two')
      : undefined,
  (_, isSet) =>
    isSet('REDIS_URL') && isSet('REDIS_CLUSTER_NODES')
      ? fault('redisClusterNodes', 'REDIS_URL is set too, and copies lie in one Redis')
      : undefined,
  ({ workers, databaseUrl }) =>
    workers > 1 && databaseUrl === undefined
      ? fault(
          'databaseUrl',
          `WORKERS asks for ${workers} processes, and the embedded database belongs to a single one: name a PostgreSQL server, or set WORKERS=1`,
        )
      : undefined,
  ({ embedder }, isSet) =>
    embedder === 'vertex' && !isSet('GOOGLE_CLOUD_PROJECT')
      ? fault('googleCloudProject', 'EMBEDDER=vertex needs the project that pays for it')
      : undefined,
  ({ embedder }, isSet) =>
    embedder === 'openai' && !isSet('EMBEDDER_BASE_URL') && !isSet('EMBEDDER_API_KEY')
      ? fault('embedderApiKey', 'EMBEDDER=openai needs a key, or EMBEDDER_BASE_URL of a server that asks for none')
      : undefined,
]

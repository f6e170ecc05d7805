import { RepriseError } from '../../../base/reprise-error.ts'

export interface RedisUrl {
  readonly url: string
  /** Host and port, for messages: a URL may hold a password. */
  readonly place: string
}

/**
 * Reads the URL of a Redis.
 * @throws RepriseError `invalid_setting`
 */
export function parseRedisUrl(text: string): RedisUrl {
  const url = URL.parse(text)
  if (url === null) throw unusable('is not a URL')
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') throw unusable(`begins with ${url.protocol}//`)
  if (url.hostname === '') throw unusable('names no host')
  if (!/^\/?\d*$/.test(url.pathname)) throw unusable('names a database that is not a number')
  return { url: text, place: `${url.hostname}:${url.port || '6379'}` }
}

function unusable(reason: string): RepriseError {
  return new RepriseError(
    'invalid_setting',
    `The URL of Redis ${reason}. Give one such as redis://127.0.0.1:6379, or rediss://user:password@host:6379 for TLS.`,
    { field: 'REDIS_URL' },
  )
}

import { RepriseError } from 'reprise'
import type { Settings } from '../../config/settings-table.ts'

/** A model provider, or a server that speaks like one. */
export interface Upstream {
  /** Part of every cache key: answers of one upstream are never another's. */
  readonly name: string
  /** Without a slash at its end. */
  readonly baseUrl: string
  /** Used for callers who send none. */
  readonly apiKey: string | undefined
}

export interface Upstreams {
  /** Whether which one is called hangs on the model. */
  readonly dependOnModel: boolean
  /** The one that is called for a model; undefined where none is configured for it. */
  choose(model: string | undefined): Upstream | undefined
}

export type UpstreamSettings = Pick<Settings, 'upstreamBaseUrl' | 'upstreamApiKey' | 'upstreams'>

/** The upstream of requests whose model no other one names. */
const unnamed = 'default'

/** The configured upstreams: the one with the longest beginning of the model's name, else `UPSTREAM_BASE_URL`. */
export function createUpstreams({ upstreamBaseUrl, upstreamApiKey, upstreams = {} }: UpstreamSettings): Upstreams {
  const fallback =
    upstreamBaseUrl === undefined
      ? undefined
      : { name: unnamed, baseUrl: withoutSlash(upstreamBaseUrl), apiKey: upstreamApiKey }
  const named = Object.entries(upstreams)
    .flatMap(([name, { baseUrl, apiKey, models }]) =>
      models.map(prefix => ({ prefix, upstream: { name, baseUrl: withoutSlash(baseUrl), apiKey } })),
    )
    .sort((one, other) => other.prefix.length - one.prefix.length)
  const only = new Set(named.map(({ upstream }) => upstream.name)).size === 1 ? named[0]?.upstream : undefined
  return {
    dependOnModel: named.length > 0,
    choose: model => {
      if (model === undefined) return fallback ?? only
      return named.find(({ prefix }) => model.startsWith(prefix))?.upstream ?? fallback
    },
  }
}

/** What a request is answered with where nobody can be asked. */
export function upstreamMissing(model: string | undefined): RepriseError {
  const which = model === undefined || model.length > 100 ? 'this request' : `the model ${model}`
  return new RepriseError(
    'upstream_missing',
    `No upstream is configured for ${which}. Set UPSTREAM_BASE_URL on the server, such as https://api.openai.com/v1, or UPSTREAMS.`,
    { permanent: true },
  )
}

/** What a URL's reader would take for a way up, out of what the upstream's address names. */
const leavesItsPlace = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|\\/i

/**
 * Where a path of the gateway, such as `/v1/models?limit=2`, lies at an upstream. A version in its URL is the path's own.
 * @throws RepriseError `invalid_url`
 */
export function urlAt({ baseUrl }: Upstream, path: string): string {
  if (leavesItsPlace.test(path.split('?', 1)[0] ?? '')) {
    throw new RepriseError(
      'invalid_url',
      'The path has a segment that is . or .., or a backslash; name the path itself.',
    )
  }
  return /\/v\d+[a-z0-9]*$/.test(baseUrl) ? baseUrl + path.slice('/v1'.length) : baseUrl + path
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

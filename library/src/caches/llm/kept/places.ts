import { type CacheKey, cacheKey } from '../../../base/key.ts'
import { keyPrefix, type NamespacePath } from '../../../base/namespace-path.ts'
import { expected } from '../../../base/option-reading.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type { Cache } from '../../../core/cache.ts'
import { MemoryCache } from '../../../eviction/memory-cache.ts'
import type { AnswerKey, LlmRoute } from '../../../ports/answer-store.ts'

/** What an answer's place is made of. */
export interface KeyParts {
  readonly tenant: string
  readonly namespace: string | undefined
  readonly route: LlmRoute
  readonly upstream: string
  readonly promptHash: string
}

/** Where an answer lies. */
export interface Place {
  readonly key: AnswerKey
  /** The tenant's part of the cache, or that of one of its namespaces. */
  readonly space: Cache
  /** Within that part. */
  readonly name: string
  /** Within the whole cache. */
  readonly cacheKey: CacheKey
}

/** So many parts of the cache are held ready; making one anew costs little. */
const mostSpaces = 1_000
/** So many places are held ready too. */
const mostPlaces = 10_000
const longestTenant = 128
const routes: ReadonlySet<string> = new Set<LlmRoute>(['chat/completions', 'responses', 'messages'])

/** Divides a cache among tenants and their namespaces: no place can be made without its tenant. */
export class Places {
  readonly #cache: Cache
  readonly #spaces = new MemoryCache<string, Cache>({ maxEntries: mostSpaces })

  readonly #known = new MemoryCache<string, Place>({ maxEntries: mostPlaces })

  constructor(cache: Cache) {
    this.#cache = cache
  }

  /** @throws RepriseError `invalid_option` for a tenant or upstream without a name */
  place(parts: KeyParts): Place {
    const { tenant, namespace = '', route, upstream, promptHash } = parts
    // A space stands in no hash, route or namespace.
    const id = `${promptHash} ${route} ${namespace} ${tenant.length} ${tenant}${upstream}`
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const place = this.#make(parts)
    this.#known.set(id, place)
    return place
  }

  #make(parts: KeyParts): Place {
    const space = this.space(parts.tenant, parts.namespace)
    const upstream = encodeURIComponent(parts.upstream)
    const name = `${parts.promptHash}:${parts.route}:${upstream}`
    const tenant = encodeURIComponent(parts.tenant)
    const namespace = encodeURIComponent(parts.namespace ?? '')
    const route = encodeURIComponent(parts.route)
    return {
      // The brand is given here alone.
      key: `${tenant}/${namespace}/${route}/${upstream}/${parts.promptHash}` as AnswerKey,
      space,
      name,
      // The path of a cache is one.
      cacheKey: cacheKey(keyPrefix(space.path as NamespacePath), name),
    }
  }

  /** The part of a tenant, its namespaces included, or that of one namespace. */
  space(tenant: string, namespace?: string | undefined): Cache {
    const id = JSON.stringify([tenant, namespace])
    const known = this.#spaces.get(id)
    if (known !== undefined) return known
    if (tenant === '' || tenant.length > longestTenant || !tenant.isWellFormed()) {
      throw expected('tenant', `a text of 1 to ${longestTenant} characters`, tenant)
    }
    const own = this.#cache.namespace(tenant)
    const space = namespace === undefined ? own : own.namespace(namespace)
    this.#spaces.set(id, space)
    return space
  }
}

/**
 * What a key names.
 * @throws RepriseError `invalid_option`
 */
export function readAnswerKey(key: unknown): KeyParts {
  const parts = typeof key === 'string' ? decodedParts(key) : []
  const [tenant, namespace, route, upstream, promptHash, ...more] = parts
  const isWhole = tenant && namespace !== undefined && upstream !== undefined && promptHash !== undefined
  if (isWhole && more.length === 0 && isRoute(route)) {
    return { tenant, namespace: namespace === '' ? undefined : namespace, route, upstream, promptHash }
  }
  throw new RepriseError('invalid_option', 'key is no key of an answer; the header x-reprise-key tells it.', {
    field: 'key',
  })
}

function isRoute(route: string | undefined): route is LlmRoute {
  return route !== undefined && routes.has(route)
}

function decodedParts(key: string): readonly string[] {
  try {
    return key.split('/').map(decodeURIComponent)
  } catch {
    return []
  }
}

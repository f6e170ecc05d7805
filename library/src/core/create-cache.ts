import type { Cache } from './cache.ts'
import { type CacheOptions, readCacheOptions } from './cache-options.ts'
import { Scope } from './coherence/scope.ts'
import { Engine } from './engine.ts'
import { CacheFacade } from './facade/cache-facade.ts'

/**
 * Makes a cache: memory, and Redis behind it if one is given. Needs no other setting than a name.
 * @throws RepriseError `invalid_option`
 * @example
 * const cache = createCache({ name: 'app', memory: { maxBytes: '256mb' }, ttl: '1h', grace: '10m' })
 * const user = await cache.getOrSet(['user', 7], () => db.user(7), { tags: ['user:7'] })
 */
export function createCache(options: CacheOptions): Cache {
  const settings = readCacheOptions(options)
  const engine = new Engine(settings)
  return new CacheFacade(engine, new Scope(engine.marks, settings.path), settings.policy)
}

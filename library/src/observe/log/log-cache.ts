import { readableText } from '../../base/key.ts'
import { requireMethod } from '../../base/option-reading.ts'
import type { CacheEvents } from '../../core/cache-events.ts'
import type { Logger } from './logger.ts'

export interface LoggedCache {
  on<Name extends keyof CacheEvents>(name: Name, listener: (event: CacheEvents[Name]) => void): () => void
}

export interface CacheLogOptions {
  /** Whether lines show keys and the messages of loaders' errors, which may hold personal data. Default false. */
  readonly details?: boolean
}

/**
 * Writes what a cache announces to a logger, until the returned function is called: outages of shared tiers, lost
 * invalidations and failing loaders as warnings, what ends them as information, each operation at debug level. Values
 * are never written; keys and loaders' messages only with `details`.
 *
 * @example
 * const stop = logCache(cache, pino())
 */
export function logCache(cache: LoggedCache, logger: Logger, { details = false }: CacheLogOptions = {}): () => void {
  requireMethod(cache, 'on', 'cache', 'a cache of createCache')
  const endings = [
    ...logTiers(cache, logger),
    ...logWork(cache, logger, details),
    ...logOperations(cache, logger, details),
  ]
  return () => {
    for (const end of endings) end()
  }
}

/** Outages and what follows from them. */
function logTiers(cache: LoggedCache, logger: Logger) {
  return [
    cache.on('tier_away', ({ reason, ...fields }) =>
      logger.warn({ ...fields, reason: reason.message }, 'a tier of the cache does not answer and is left out'),
    ),
    cache.on('tier_back', fields => logger.info(fields, 'a tier of the cache answers again')),
    cache.on('tier_reborn', fields =>
      logger.warn(fields, 'a tier of the cache restarted or failed over; recent invalidations are carried out again'),
    ),
    cache.on('bus_deaf', ({ reason, ...fields }) =>
      logger.warn({ ...fields, reason: reason.message }, 'invalidations by other processes may go unheard'),
    ),
    cache.on('bus_listening', fields => logger.info(fields, 'invalidations by other processes are heard')),
    cache.on('queue', ({ change, ...fields }) => {
      if (change === 'overflowed')
        logger.warn(fields, 'too many invalidations waited for a tier; the whole cache is invalidated there')
      else if (change === 'carried_out') logger.info(fields, 'the waiting invalidations were carried out')
      else logger.debug(fields, 'an invalidation waits for a tier that does not answer')
    }),
  ]
}

/** What goes wrong, or is done, in the background. */
function logWork(cache: LoggedCache, logger: Logger, details: boolean) {
  return [
    cache.on('load', ({ key, error, ...fields }) => {
      const shown = { ...fields, ...shownKey(key, details) }
      if (fields.outcome === 'failed' || fields.outcome === 'timed_out')
        logger.warn({ ...shown, ...shownError(error, details) }, 'a loader of the cache failed')
      else if (writesDebug(logger)) logger.debug(shown, 'a loader of the cache ran')
    }),
    cache.on('entry_unreadable', ({ key, ...fields }) =>
      logger.warn({ ...fields, ...shownKey(key, details) }, 'an entry cannot be read and counts as a miss'),
    ),
    cache.on('warmed', fields =>
      logger[fields.failed > 0 ? 'warn' : 'info'](fields, 'the cache was filled ahead of its use'),
    ),
    cache.on('cleanup', fields => logger.debug(fields, 'expired entries were removed')),
    // Its caller has the error and decides; this line only tells where it came from.
    cache.on('failure', ({ error, ...fields }) =>
      logger.debug({ ...fields, ...shownError(error, details) }, 'a call of the cache failed'),
    ),
  ]
}

/** One line an operation. */
function logOperations(cache: LoggedCache, logger: Logger, details: boolean) {
  const ofKey =
    <Name extends 'hit' | 'miss' | 'set' | 'fill_fenced' | 'refresh_left' | 'evicted'>(message: string) =>
    ({ key, ...fields }: CacheEvents[Name]) => {
      if (writesDebug(logger)) logger.debug({ ...fields, ...shownKey(key, details) }, message)
    }
  return [
    cache.on('hit', ofKey<'hit'>('cache hit')),
    cache.on('miss', ofKey<'miss'>('cache miss')),
    cache.on('read_failed', ({ key, error, ...fields }) => {
      if (!writesDebug(logger)) return
      logger.debug({ ...fields, ...shownKey(key, details), ...shownError(error, details) }, 'cache read failed')
    }),
    cache.on('set', ofKey<'set'>('cache set')),
    cache.on('fill_fenced', ofKey<'fill_fenced'>('a loaded value is kept nowhere: it was invalidated meanwhile')),
    cache.on('refresh_left', ofKey<'refresh_left'>('a refresh is left to another process')),
    cache.on('evicted', ofKey<'evicted'>('an entry was evicted: memory is full')),
    cache.on('delete', fields => logger.debug(fields, 'cache delete')),
    cache.on('invalidate', fields => logger.debug(fields, 'cache invalidation')),
  ]
}

function writesDebug(logger: Logger): boolean {
  return logger.isLevelEnabled?.('debug') ?? true
}

function shownKey(key: CacheEvents['hit']['key'], details: boolean): { readonly key?: string } {
  return details ? { key: readableText(key) } : {}
}

function shownError(error: unknown, details: boolean): object {
  if (!(error instanceof Error)) return { error: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  return { error: error.name, ...code, ...(details ? { message: error.message } : {}) }
}

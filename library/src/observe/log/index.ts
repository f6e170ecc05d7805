export { type CacheLogOptions, type LoggedCache, logCache } from './log-cache.ts'
export { logDatabase } from './log-database.ts'
export type { Logger } from './logger.ts'

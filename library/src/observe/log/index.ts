export { type CacheLogOptions, type LoggedCache, type Logger, logCache } from './log-cache.ts'

import type { Registry } from 'prom-client'
import { Announcer } from '../../base/announcer.ts'
import { expected } from '../../base/option-reading.ts'

/** @throws RepriseError `invalid_option` */
export function readRegistry(registry: unknown): Registry {
  const calls = ['registerMetric', 'getSingleMetric', 'metrics']
  // A registry of another copy of prom-client serves as well.
  if (canCall(registry, calls)) return registry as Registry
  throw expected('registry', 'a Registry of prom-client', registry)
}

/** @throws RepriseError `invalid_option` */
export function readAnnouncer(announcer: unknown): void {
  if (!(announcer instanceof Announcer)) throw expected('announcer', 'an Announcer', announcer)
}

/** @throws RepriseError `invalid_option` */
export function readLogger(logger: unknown): void {
  if (logger !== undefined && !canCall(logger, ['debug', 'info', 'warn', 'error']))
    throw expected('logger', 'a logger with debug, info, warn and error', logger)
}

function canCall(value: unknown, methods: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return methods.every(method => typeof Reflect.get(value, method) === 'function')
}

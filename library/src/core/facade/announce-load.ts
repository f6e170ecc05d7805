import { namespacePathOf } from '../../base/key.ts'
import type { Announce } from '../cache-events.ts'
import type { LoadReport } from '../load/load.ts'

/** Announces what a load did: the run of the loader, the fill. What its callers got is for them to announce. */
export function announceLoad(report: LoadReport, cache: string, announce: Announce): void {
  const { key, operation, reason, outcome, lookup, loadMs } = report
  const of = { cache, namespace: namespacePathOf(key), key }
  for (const unreadable of lookup?.tried.unreadable ?? []) announce('entry_unreadable', { ...of, ...unreadable })
  if (reason !== 'miss' && outcome.kind === 'left_to_another')
    announce('refresh_left', { ...of, to: 'another_process' })
  if (reason !== 'miss' && outcome.kind === 'found') announce('refresh_left', { ...of, to: 'newer_entry' })
  if (outcome.kind === 'found' || outcome.kind === 'left_to_another' || loadMs === undefined) return
  const error = 'error' in outcome ? outcome.error : undefined
  announce('load', { ...of, reason, outcome: outcome.kind, durationMs: loadMs, error })
  if (!('kept' in outcome)) return
  if (outcome.kept.some(({ outcome: kept }) => kept === 'fenced')) announce('fill_fenced', of)
  if (outcome.kept.length > 0) announce('set', { ...of, operation, kept: outcome.kept, durationMs: outcome.keepMs })
}

import { forMemory, type KeptValue, memoryBytesOf } from '../base/codec/kept-value.ts'
import type { MarkSnapshot } from './coherence/mark-table.ts'

/** When an entry was made, and until when it serves; ms since the epoch. */
export interface EntryTimes {
  readonly createdAt: number
  readonly freshUntil: number
  /** The end of its grace. */
  readonly staleUntil: number
  /** How long its loader took, 0 where none ran. */
  readonly loadMs: number
}

export interface EntryParts extends EntryTimes {
  readonly kept: KeptValue
  readonly tags: readonly string[]
  /** The marks that it was made under. */
  readonly snapshot: MarkSnapshot
  /** The coherence era in which its making began. */
  readonly era: number
  readonly keptAt: number
  /** How much sooner than at its end it is refreshed; 0 = not. */
  readonly earlyBeta: number
}

/** A value with what decides whether it may be served. A class, so that the many in memory share one shape. */
export class Entry implements EntryParts {
  readonly kept: KeptValue
  readonly createdAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly loadMs: number
  readonly tags: readonly string[]
  readonly snapshot: MarkSnapshot
  readonly era: number
  readonly keptAt: number
  readonly earlyBeta: number
  /** From then on a reader refreshes it in the background; never after `freshUntil`. */
  readonly refreshFrom: number
  /** A stale one is not refreshed before, because a refresh just failed or goes on elsewhere. */
  retryFrom = 0

  constructor(parts: EntryParts) {
    this.kept = parts.kept
    this.createdAt = parts.createdAt
    this.freshUntil = parts.freshUntil
    this.staleUntil = parts.staleUntil
    this.loadMs = parts.loadMs
    this.tags = parts.tags
    this.snapshot = parts.snapshot
    this.era = parts.era
    this.keptAt = parts.keptAt
    this.earlyBeta = parts.earlyBeta
    this.refreshFrom = parts.earlyBeta === 0 ? parts.freshUntil : drawRefreshFrom(parts)
  }

  /** As memory keeps it: plain data decoded and frozen once. */
  inMemory(): Entry {
    const kept = forMemory(this.kept)
    return kept === this.kept ? this : new Entry({ ...this, kept })
  }
}

/** What an entry takes beside its value, about. */
const overheadBytes = 320
const bytesPerTag = 160

export function entryBytes(entry: Entry, keyLength: number): number {
  return memoryBytesOf(entry.kept) + overheadBytes + keyLength * 2 + entry.tags.length * bytesPerTag
}

/** The moment of an early refresh (XFetch: Vattani, Chierichetti, Lowenstein 2015), drawn once an entry: slow loaders are called sooner. */
function drawRefreshFrom({ createdAt, freshUntil, loadMs, earlyBeta }: EntryParts): number {
  const early = -Math.log(1 - Math.random()) * earlyBeta * loadMs
  return freshUntil - Math.min(early, (freshUntil - createdAt) / 2)
}

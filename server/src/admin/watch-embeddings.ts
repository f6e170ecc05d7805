import type { Announcer, Clock } from 'reprise'
import type { EmbeddingEvents } from '../workers/embedding-events.ts'
import { TimeWindows, type WindowCounts } from './figures/time-windows.ts'

/** What became of tries to embed messages, in this process. */
export interface EmbeddingFigures {
  readonly stored: WindowCounts
  readonly failed: WindowCounts
  /** Set aside after the last try. */
  readonly dead: WindowCounts
}

export function watchEmbeddings(events: Announcer<EmbeddingEvents>, clock: Clock): () => EmbeddingFigures {
  const now = () => clock.now()
  const [stored, failed, dead] = [new TimeWindows(now), new TimeWindows(now), new TimeWindows(now)]
  events.on('embedding_stored', () => stored.add())
  events.on('embedding_failed', () => failed.add())
  events.on('embedding_buried', () => dead.add())
  return () => ({ stored: stored.counts(), failed: failed.counts(), dead: dead.counts() })
}

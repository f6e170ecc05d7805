import type { Announcer, Clock } from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import type { LlmCache } from 'reprise/llm'
import { type Caches, mostEntries, namedCaches } from '../caches.ts'
import type { FastCopies } from '../compose.ts'
import type { Settings } from '../config/settings-table.ts'
import { type Administration, createAdministration } from './administration.ts'
import { guestCopies } from './guest-copies.ts'
import { watchCache } from './watch-cache.ts'
import { watchGuests } from './watch-guests.ts'

export interface AdministrationParts {
  readonly settings: Settings
  readonly caches: Caches | undefined
  /** Over the cache `ai`; it knows the durable tier below. */
  readonly answers: Pick<LlmCache, 'invalidate'> | undefined
  readonly fastCopies: FastCopies | undefined
  readonly conversations: Announcer<ConversationEvents>
  readonly clock: Clock
}

/** Watches all caches of this process from now on. */
export function openAdministration(parts: AdministrationParts): Administration {
  const { settings, caches, answers, fastCopies, conversations, clock } = parts
  const clearAnswers = answers && (() => answers.invalidate({ olderThan: clock.now() }))
  const watched = namedCaches(caches).map(([name, cache]) =>
    watchCache({
      name,
      cache,
      bounds: { maxEntries: mostEntries(settings, name) },
      clearBelow: name === 'ai' ? clearAnswers : undefined,
      clock,
    }),
  )
  const guests = watchGuests({
    conversations,
    copies: guestCopies(fastCopies),
    inRedis: fastCopies?.kind === 'redis',
    clock,
  })
  return createAdministration([...watched, guests], clock)
}

import type { Announcer, Clock, Outbox, OutboxItem } from 'reprise'
import { type BackOff, backOffMs, fullJitter } from './back-off.ts'
import type { EmbeddingEvents } from './embedding-events.ts'
import type { CallOutcome } from './model-call.ts'

export interface RoundOptions {
  readonly outbox: Outbox
  readonly announcer: Announcer<EmbeddingEvents>
  readonly clock: Clock
  readonly model: string
  readonly maxAttempts: number
  readonly retry: BackOff
  /** Asks the model. */
  readonly call: (texts: readonly string[]) => Promise<CallOutcome>
}

/** How the model did; decides when the next round comes. */
export type RoundOutcome =
  | { readonly kind: 'answered' }
  | { readonly kind: 'failed'; readonly retryAfterMs: number }
  | { readonly kind: 'called_off' }

type Done = Parameters<Outbox['complete']>[0][number]

/** Vectors are long: many in one statement would hold up the messages that are committed beside them. */
const storedTogether = 4
const restBetweenMs = 10

/** From this try on an item goes alone, so that a text that breaks its batch takes no neighbour along. */
const aloneAfterAttempts = 3
const longestRetryAfterMs = 3_600_000

/**
 * Embeds claimed items: stores what the model gave, gives back what failed, sets aside what it refuses or what is out of
 * tries. A first failure ends the round, and what was not asked for yet is given back untried; so is what would outlast
 * its claim (`untilMs`).
 */
export async function embedItems(
  items: readonly OutboxItem[],
  untilMs: number,
  options: RoundOptions,
): Promise<RoundOutcome> {
  const { outbox, announcer, clock, model, maxAttempts, retry } = options

  const exhausted = items.filter(item => item.attempts >= maxAttempts)
  for (const item of exhausted)
    await bury(item, item.attempts, `It was tried ${item.attempts} times, and its worker ended before any result.`)

  const waiting = groupsOf(items.filter(item => item.attempts < maxAttempts))
  for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
    const outcome: CallOutcome =
      clock.monotonicMs() < untilMs ? await options.call(group.map(item => item.content)) : { kind: 'called_off' }
    switch (outcome.kind) {
      case 'embedded':
        await store(group, outcome)
        break
      case 'refused':
        // One bad text makes the model refuse all of its call: halving finds it.
        if (group.length > 1) waiting.unshift(...halvesOf(group))
        else for (const item of group) await refuse(item, outcome.error)
        break
      case 'failed':
        await outbox.release(waiting.flat())
        for (const item of group) await putOff(item, outcome.error, outcome.retryAfterMs)
        return { kind: 'failed', retryAfterMs: Math.min(outcome.retryAfterMs, longestRetryAfterMs) }
      case 'called_off':
        await outbox.release([group, ...waiting].flat())
        return { kind: 'called_off' }
    }
  }
  return { kind: 'answered' }

  async function store(group: readonly OutboxItem[], { embeddings }: Extract<CallOutcome, { kind: 'embedded' }>) {
    // The call's outcome holds one embedding per item.
    const done = embeddings.flatMap((embedding, index) => {
      const item = group[index]
      return item === undefined ? [] : [{ item, embedding }]
    })
    for (let from = 0; from < done.length; from += storedTogether) {
      if (from > 0) await clock.sleep(restBetweenMs)
      await storeSome(done.slice(from, from + storedTogether))
    }
  }

  async function storeSome(done: readonly Done[]): Promise<void> {
    const stored = new Set(await outbox.complete(done, model))
    for (const { item, embedding } of done)
      if (stored.has(item.messageId))
        announcer.announce('embedding_stored', { messageId: item.messageId, model, truncated: embedding.truncated })
  }

  async function refuse(item: OutboxItem, error: string): Promise<void> {
    const attempts = item.attempts + 1
    announcer.announce('embedding_failed', { messageId: item.messageId, attempts, permanent: true, error })
    await bury(item, attempts, error)
  }

  async function putOff(item: OutboxItem, error: string, retryAfterMs: number): Promise<void> {
    const attempts = item.attempts + 1
    announcer.announce('embedding_failed', { messageId: item.messageId, attempts, permanent: false, error })
    if (attempts >= maxAttempts) return bury(item, attempts, error)
    const jittered = fullJitter(backOffMs(retry, attempts))
    await outbox.retry(item, Math.min(retryAfterMs, longestRetryAfterMs) + jittered, error)
  }

  async function bury(item: OutboxItem, attempts: number, error: string): Promise<void> {
    await outbox.bury(item, error)
    announcer.announce('embedding_buried', { messageId: item.messageId, attempts, error })
  }
}

function groupsOf(items: readonly OutboxItem[]): (readonly OutboxItem[])[] {
  const together = items.filter(item => item.attempts < aloneAfterAttempts)
  const alone = items.filter(item => item.attempts >= aloneAfterAttempts)
  return [...(together.length > 0 ? [together] : []), ...alone.map(item => [item])]
}

function halvesOf(group: readonly OutboxItem[]): readonly (readonly OutboxItem[])[] {
  const middle = Math.ceil(group.length / 2)
  return [group.slice(0, middle), group.slice(middle)]
}

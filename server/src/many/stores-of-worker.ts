import type { RequestCount, RequestCounter } from 'reprise'
import type { Stores } from '../compose.ts'
import { type Colleagues, topic } from './colleagues.ts'
import type { Talk } from './talk.ts'
import { primaryTier } from './tier/primary-tier.ts'
import { type CountedRequest, workerTopics } from './worker-talk.ts'

interface DroppedCopy {
  readonly guestId: string
  readonly epoch: number
}

const dropCopy = topic<DroppedCopy, boolean>('copies.drop')

/**
 * The stores of one worker process. Without Redis the primary process keeps the shared tier, and a guest's copy that is
 * dropped is dropped in every memory: none may serve, while PostgreSQL is away, what was erased through another.
 */
export function storesOfWorker(stores: Stores, talk: Talk, colleagues: Colleagues): Stores {
  const { fastCopies } = stores
  if (stores.requestCounter !== undefined || fastCopies?.kind === 'redis') return stores
  const requestCounter = countingPrimary(talk)
  if (fastCopies === undefined) return { ...stores, requestCounter }
  const { copies } = fastCopies
  colleagues.answer(dropCopy, ({ guestId, epoch }) => copies.drop(guestId as Parameters<typeof copies.drop>[0], epoch))
  const shared: typeof copies = Object.create(copies, {
    drop: {
      value: async (guestId: string, epoch: number) => {
        const dropped = await colleagues.ask(dropCopy, { guestId, epoch })
        return dropped.includes(true)
      },
    },
  })
  return { ...stores, requestCounter, sharedTier: primaryTier(talk), fastCopies: { ...fastCopies, copies: shared } }
}

function countingPrimary(talk: Talk): RequestCounter {
  return {
    // The primary answers with a count.
    count: (caller, windowMs) =>
      talk.ask(workerTopics.countRequest, { caller, windowMs } satisfies CountedRequest) as Promise<RequestCount>,
  }
}

import { RepriseError } from 'reprise'
import type { FastCopies } from '../compose.ts'

type RedisCopies = Extract<FastCopies, { readonly kind: 'redis' }>['copies']

export interface GatedCopies {
  readonly copies: RedisCopies
  /** Lets the copies be used, and tells those who wait for their return. */
  open(): void
}

/**
 * Redis as the fast copy from the moment on when it is opened. Until then it counts as away, so that nobody reads or
 * writes over what an older system left there.
 */
export function copiesAfterTakeover(redis: RedisCopies): GatedCopies {
  let isOpen = false
  const listeners = new Set<() => void>()

  const gated =
    <Given extends readonly unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
    (...given: Given): Promise<Result> =>
      isOpen ? work(...given) : Promise.reject(new RepriseError('copy_unavailable', 'Redis is not taken over yet.'))

  const copies: RedisCopies = {
    ...redis,
    get isAvailable() {
      return isOpen && redis.isAvailable
    },
    onReturn: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    read: gated(redis.read),
    append: gated(redis.append),
    claimFill: gated(redis.claimFill),
    fill: gated(redis.fill),
    drop: gated(redis.drop),
  }
  const tell = () => {
    for (const listener of listeners) listener()
  }
  redis.onReturn(() => {
    if (isOpen) tell()
  })
  return {
    copies,
    open: () => {
      isOpen = true
      tell()
    },
  }
}

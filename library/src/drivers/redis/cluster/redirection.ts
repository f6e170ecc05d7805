import { ErrorReply } from '@redis/client'
import type { NodePlace } from './slot-owners.ts'

/** What a node of a cluster says instead of carrying a command out. */
export type Redirection =
  /** The slot has another master. */
  | { readonly kind: 'moved'; readonly slot: number; readonly to: NodePlace }
  /** The slot is on its way to another master, and this key has gone already. */
  | { readonly kind: 'ask'; readonly to: NodePlace }
  /** The slot is on its way, and some of the keys have gone. */
  | { readonly kind: 'try_again' }
  /** Nobody has the slot just now. */
  | { readonly kind: 'down' }

export function redirectionOf(error: unknown, askedHost: string): Redirection | undefined {
  if (!(error instanceof ErrorReply)) return undefined
  const [word, slot, place = ''] = error.message.split(' ')
  const cut = place.lastIndexOf(':')
  const to = { host: place.slice(0, cut) || askedHost, port: Number(place.slice(cut + 1)) }
  switch (word) {
    case 'MOVED':
      return { kind: 'moved', slot: Number(slot), to }
    case 'ASK':
      return { kind: 'ask', to }
    case 'TRYAGAIN':
      return { kind: 'try_again' }
    case 'CLUSTERDOWN':
      return { kind: 'down' }
    default:
      return undefined
  }
}

import type { Message } from '../../base/chat/message.ts'
import type { ConversationId, MessageId } from '../../base/chat/message-id.ts'
import type { GuestId, UserId } from '../../base/chat/principal.ts'

/** Whose messages are searched: all of a guest's, or all of a user's, those from its time as a guest included. */
export type RecallScope =
  | { readonly kind: 'guest'; readonly guestId: GuestId }
  | { readonly kind: 'user'; readonly userId: UserId }

/** Where a message stands among all of its owner's. */
export interface RecallPlace {
  readonly conversationId: ConversationId
  readonly sequence: number
}

export interface PlacedVector extends RecallPlace {
  /** Undefined while the message has no embedding of the model. */
  readonly vector: Float32Array | undefined
}

export type VectorPage =
  | { readonly kind: 'page'; readonly vectors: readonly PlacedVector[] }
  /** The guest has become a user. */
  | { readonly kind: 'migrated' }

export interface RecalledMessage extends Message, RecallPlace {
  readonly messageId: MessageId
}

/** Reads the vectors of one owner's messages, and never those of another. */
export interface RecallStore {
  /**
   * The next `limit` messages behind `after` in order of conversation and sequence, from the first when undefined, with
   * their vectors of `model`. An owner who never wrote has none. The last page holds fewer than `limit`.
   */
  vectors(
    scope: RecallScope,
    model: string,
    page: { readonly after: RecallPlace | undefined; readonly limit: number },
  ): Promise<VectorPage>
  /** The messages at these places that the owner has now; what was erased or handed over meanwhile is left out. */
  messages(scope: RecallScope, places: readonly RecallPlace[]): Promise<readonly RecalledMessage[]>
}

import type { CopyAppendOutcome } from '../ports/chat/conversation-copies.ts'
import type { AppendOutcome, Place, RowCounts } from '../ports/chat/conversation-store.ts'

/** Where an answer came from, or a message went to. */
export type StoreName = 'redis' | 'memory' | 'postgresql'

/** What became of the fast copy when a message was saved. */
export type CopyResult = CopyAppendOutcome | 'refilled' | 'late' | 'failed' | 'none'

/** Work beside the chat that failed without failing the chat. */
export type SideTask = 'copy_append' | 'copy_read' | 'copy_fill' | 'copy_drop' | 'mapping'

/**
 * What conversations announce, each once, after the fact. Durations in milliseconds. Nothing here carries content;
 * `owner` names the guest or user and must not reach a log in the clear.
 */
export interface ConversationEvents {
  /** One group commit: how many messages went in one statement. */
  readonly batch_committed: { readonly messages: number; readonly storeMs: number }
  readonly message_saved: {
    readonly owner: string
    readonly guest: boolean
    readonly place: Place
    readonly replayed: boolean
    readonly copy: CopyResult
    readonly storedIn: readonly StoreName[]
    readonly embeddingQueued: boolean
    readonly storeMs: number
    readonly totalMs: number
  }
  readonly message_refused: {
    readonly owner: string
    readonly reason: Exclude<AppendOutcome['kind'], 'saved' | 'replayed'>
  }
  /** One read of a guest's history; `source` is where it was found. */
  readonly history_read: {
    readonly owner: string
    readonly outcome: 'hit' | 'miss' | 'error'
    readonly source: StoreName | undefined
    readonly stale: boolean
    readonly durationMs: number
  }
  /** One operation on the fast copy. */
  readonly copy_operation: {
    readonly operation: 'get' | 'set' | 'delete'
    readonly result: 'hit' | 'miss' | 'success' | 'error'
    readonly durationMs: number
  }
  readonly side_task_failed: { readonly task: SideTask; readonly owner: string | undefined; readonly error: unknown }
  readonly erased: { readonly owner: string; readonly rows: RowCounts; readonly copyPending: boolean }
  readonly migrated: {
    readonly owner: string
    readonly conversations: number
    readonly messages: number
    readonly first: boolean
  }
}

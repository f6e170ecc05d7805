import type { MessageId } from 'reprise'

/** What the embedding worker announces, each once, after the fact. Nothing here carries content. */
export interface EmbeddingEvents {
  readonly embedding_stored: { readonly messageId: MessageId; readonly model: string; readonly truncated: boolean }
  /** One message's try that failed: the error of the model, `attempts` counting this try. */
  readonly embedding_failed: {
    readonly messageId: MessageId
    readonly attempts: number
    /** Whether the model refuses this very text, so that it is not tried again. */
    readonly permanent: boolean
    readonly error: string
  }
  /** A message was set aside after its last try; `reprise outbox redrive` puts it back to work. */
  readonly embedding_buried: { readonly messageId: MessageId; readonly attempts: number; readonly error: string }
  /** The outbox itself failed, mostly because the database is away. What was claimed becomes due again by itself. */
  readonly outbox_failed: { readonly error: unknown }
  /** Messages were found that have no embedding of this model, and await one now. */
  readonly embeddings_missing: { readonly model: string; readonly enqueued: number }
}

/** One text's vector. */
export interface Embedding {
  readonly vector: Float32Array
  /** Whether the model read only a part of the text. */
  readonly truncated: boolean
}

/** Turns texts into vectors of meaning. */
export interface Embedder {
  /** The model's name, kept beside each vector. */
  readonly model: string
  /** How many texts one call takes at most. */
  readonly maxBatch: number
  /**
   * One embedding per text, in order.
   * @throws RepriseError `embedding_failed`. Its `retryAfterSeconds` is set when the model asked for patience; it is
   *   `permanent` when at least one of the texts is at fault, so that these texts will be refused again. Never carries
   *   a text or a credential.
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Embedding[]>
  close(): Promise<void>
}

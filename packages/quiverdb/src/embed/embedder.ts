/** What a text is embedded for. Some models put a stored text and a question at different places. */
export type Purpose = 'document' | 'query'

/** What one request may hold, and how many may run at once. What is absent has no bound. */
export interface EmbedderLimits {
  /** Tokens of one text. */
  readonly textTokens?: number
  /** Texts of one request. */
  readonly batchTexts?: number
  /** Tokens of all texts of one request. */
  readonly batchTokens?: number
  /** Requests at the same time. */
  readonly concurrency?: number
}

export interface EmbedCall {
  /** Default: `document`. */
  readonly purpose?: Purpose
  readonly signal?: AbortSignal
}

/**
 * Turns texts into vectors. One call is one request: {@link embedTexts} cuts what is asked into calls, repeats those that fail for a while,
 * and checks what comes back.
 *
 * @example
 * ```ts
 * const embedder: Embedder = {
 *   id: 'length',
 *   dimensions: 2,
 *   embed: async (texts) => texts.map((text) => Float32Array.of(text.length, 1)),
 * }
 * ```
 */
export interface Embedder {
  /** Names the model and all else that its numbers depend on: vectors of equal ids are comparable. */
  readonly id: string
  /** Length of its vectors, where it is known before the first one. */
  readonly dimensions?: number
  readonly limits?: EmbedderLimits | PromiseLike<EmbedderLimits>
  /**
   * One vector per text, in the order of the texts.
   * @throws QuiverError EMBEDDER_FAILED; with `details.retryable` it is worth another try, after `details.retryAfterMs` if that is there. ABORTED
   */
  embed(texts: readonly string[], call?: EmbedCall): Promise<Float32Array[]>
}

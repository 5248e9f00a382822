import { QuiverError, type ErrorCode } from '../errors.js'

/** What went wrong, in the words of the vector engine. Each has one {@link ErrorCode}, but for StorageError and those of batches, which have that of their cause. */
export type VectorErrorKind =
  | 'NotFound'
  | 'DimensionMismatch'
  | 'EmptyVector'
  | 'InvalidVector'
  | 'InvalidTopK'
  | 'StorageError'
  | 'BatchValidationError'
  | 'BatchOperationError'
  | 'ConfigurationError'
  | 'CollectionExists'
  | 'CollectionNotFound'
  | 'IoError'
  | 'SerializationError'
  | 'SearchTimeout'

/**
 * The error of everything under `quiverdb/vector-engine`. `details` holds the payload of the kind, e.g. `{ expected: 3, got: 2 }`.
 *
 * @example
 * ```ts
 * try {
 *   engine.storeEmbedding('a', [])
 * } catch (error) {
 *   if (error instanceof VectorError && error.kind === 'EmptyVector') console.log(error.message) // Empty vector provided
 * }
 * ```
 */
export class VectorError extends QuiverError {
  override readonly name = 'VectorError'
  readonly kind: VectorErrorKind

  private constructor(
    kind: VectorErrorKind,
    code: ErrorCode,
    message: string,
    details: Record<string, unknown> = {},
    cause?: unknown,
  ) {
    super(code, message, { details, cause })
    this.kind = kind
  }

  /** `key` of the default collection, `collection:key` of a named one. */
  static notFound(key: string): VectorError {
    return new VectorError('NotFound', 'NOT_FOUND', `Embedding not found: ${key}`, { key })
  }

  static dimensionMismatch(expected: number, got: number): VectorError {
    const message = `Dimension mismatch: expected ${expected}, got ${got}`
    return new VectorError('DimensionMismatch', 'DIMENSION_MISMATCH', message, { expected, got })
  }

  static emptyVector(): VectorError {
    return new VectorError('EmptyVector', 'INVALID_VECTOR', 'Empty vector provided')
  }

  /** NaN or an infinity, also one that only appears when the number becomes a float32. */
  static invalidVector(position: number, value: unknown): VectorError {
    const message = `Invalid vector: number ${position} is ${String(value)}, not a finite float32`
    return new VectorError('InvalidVector', 'INVALID_VECTOR', message, { position, value })
  }

  static invalidTopK(): VectorError {
    return new VectorError('InvalidTopK', 'INVALID_ARGUMENT', 'Invalid top_k value (must be > 0)')
  }

  /** The code is that of the cause, if it has one. */
  static storage(message: string, cause?: unknown): VectorError {
    const code = cause instanceof QuiverError ? cause.code : 'STORAGE_FAILED'
    return new VectorError('StorageError', code, `Storage error: ${message}`, { message }, cause)
  }

  /** Nothing of the batch was stored. */
  static batchValidation(index: number, cause: VectorError): VectorError {
    const message = `Batch validation error at index ${index}: ${cause.message}`
    return new VectorError('BatchValidationError', cause.code, message, { index, cause: cause.message }, cause)
  }

  /** An item that was checked could not be carried out, and nothing of the batch was. */
  static batchOperation(index: number, cause: QuiverError): VectorError {
    const message = `Batch operation error at index ${index}: ${cause.message}`
    return new VectorError('BatchOperationError', cause.code, message, { index, cause: cause.message }, cause)
  }

  static configuration(message: string): VectorError {
    return new VectorError('ConfigurationError', 'INVALID_ARGUMENT', `Configuration error: ${message}`, { message })
  }

  static collectionExists(name: string): VectorError {
    return new VectorError('CollectionExists', 'ALREADY_EXISTS', `Collection already exists: ${name}`, { name })
  }

  static collectionNotFound(name: string): VectorError {
    return new VectorError('CollectionNotFound', 'NOT_FOUND', `Collection not found: ${name}`, { name })
  }

  static io(message: string, cause?: unknown): VectorError {
    return new VectorError('IoError', 'STORAGE_FAILED', `IO error: ${message}`, { message }, cause)
  }

  static serialization(message: string, cause?: unknown): VectorError {
    return new VectorError('SerializationError', 'CORRUPT', `Serialization error: ${message}`, { message }, cause)
  }

  /** The file was written by a newer version of Quiver. */
  static newerVersion(version: number, supported: number): VectorError {
    const message = `Serialization error: format version ${version} is newer than ${supported}, the newest that this version reads`
    return new VectorError('SerializationError', 'FORMAT_TOO_NEW', message, { version, supported })
  }

  /** `operation` is the name of the method as its reference has it, e.g. `search_similar`. */
  static searchTimeout(operation: string, timeoutMs: number): VectorError {
    const message = `search timeout: ${operation} exceeded ${timeoutMs}ms`
    return new VectorError('SearchTimeout', 'TIMEOUT', message, { operation, timeoutMs })
  }
}

import { QuiverError } from '../../errors.js'

/** An index that may not hold more vectors. */
export class EmbeddingStorageError extends QuiverError {
  override readonly name = 'EmbeddingStorageError'
  readonly kind = 'CapacityExceeded'

  private constructor(limit: number, current: number) {
    super('LIMIT_EXCEEDED', `Capacity exceeded: limit ${limit}, current ${current}`, { details: { limit, current } })
  }

  static capacityExceeded(limit: number, current: number): EmbeddingStorageError {
    return new EmbeddingStorageError(limit, current)
  }
}

import { checkKey, type VectorInput } from './check-input.js'
import { searchable, type Searchable } from './collections.js'
import { Embeddings, type EngineContext } from './embeddings.js'
import { VectorError } from './errors.js'
import { plainMetadata } from './metadata.js'
import { type Metadata, VectorCollectionConfig } from './types.js'

/** The field of an entity that its embedding stands for. */
export const embeddingField = '_embedding'

/** Records under their own keys that may have an embedding among their fields. Apart from the embeddings of the default store. */
export class Entities {
  readonly searchable: Searchable
  readonly #embeddings: Embeddings
  /** All fields but the embedding. */
  readonly #fields = new Map<string, Metadata>()

  constructor(context: EngineContext) {
    const { defaultDimension: dimension, defaultMetric: distanceMetric } = context.config
    this.#embeddings = new Embeddings(context, new VectorCollectionConfig({ dimension, distanceMetric }))
    this.searchable = searchable(this.#embeddings, context)
  }

  /** Replaces all fields but the embedding. @throws VectorError StorageError */
  setFields(key: string, fields: Metadata): void {
    checkKey(key)
    if (Object.hasOwn(fields, embeddingField)) throw VectorError.storage(`${embeddingField} is set by setEntityEmbedding`)
    this.#fields.set(key, plainMetadata(fields))
    const embedding = this.#embeddings.space.get(key)
    if (embedding) embedding.metadata = this.#fields.get(key)!
  }

  /** Undefined where there is no such entity. */
  fields(key: string): Metadata | undefined {
    return this.#fields.get(key)
  }

  setEmbedding(key: string, vector: VectorInput): void {
    this.#embeddings.store('set_entity_embedding', key, vector, this.#fields.get(key))
    if (!this.#fields.has(key)) this.#fields.set(key, plainMetadata({}))
  }

  /** The other fields stay. @throws VectorError NotFound: no entity, or no embedding */
  removeEmbedding(key: string): void {
    this.#embeddings.delete('remove_entity_embedding', key)
  }

  /** Whether there was one. */
  delete(key: string): boolean {
    this.#embeddings.space.delete(key)
    return this.#fields.delete(key)
  }
}

import type { Stored } from '../../collection/types.js'
import { checkedVector, checkKey, type VectorInput } from '../check-input.js'
import { embeddingField } from '../entities.js'
import { VectorError } from '../errors.js'
import { noMetadata, plainMetadata } from '../metadata.js'
import type { Metadata } from '../types.js'
import { type DurableSearchable, durableSearchable } from './durable-collections.js'
import { stored, transact } from './durable-context.js'
import type { DurableSpace } from './durable-space.js'
import { dimensionField, embeddingFieldsOf, idOf, metadataOf, recordOf, vectorOf } from './record.js'

/** Records under their own keys that may have an embedding among their fields. Apart from the embeddings of the default store. */
export class DurableEntities {
  readonly searchable: DurableSearchable
  readonly #embeddings: DurableSpace

  constructor(embeddings: DurableSpace) {
    this.#embeddings = embeddings
    this.searchable = durableSearchable(embeddings)
  }

  /** Replaces all fields but the embedding. @throws VectorError StorageError */
  async setFields(key: string, fields: Metadata): Promise<void> {
    checkKey(key)
    if (Object.hasOwn(fields, embeddingField)) throw VectorError.storage(`${embeddingField} is set by setEntityEmbedding`)
    const plain = plainMetadata(fields)
    await this.#change(key, (present) => recordOf(key, present ? vectorOf(present) : undefined, plain))
  }

  /** Undefined where there is no such entity. */
  async fields(key: string): Promise<Metadata | undefined> {
    const record = await this.#embeddings.find(key)
    return record ? metadataOf(record) : undefined
  }

  async setEmbedding(key: string, vector: VectorInput): Promise<void> {
    checkKey(key)
    const copy = checkedVector(vector, this.#embeddings.context.config, this.#embeddings.declaredDimension)
    await this.#embeddings.ensureIndexFor(copy)
    await this.#change(key, (present) => recordOf(key, copy, present ? metadataOf(present) : noMetadata))
  }

  /** The other fields stay. @throws VectorError NotFound: no entity, or no embedding */
  async removeEmbedding(key: string): Promise<void> {
    await transact(this.#embeddings.context, async (tx) => {
      const records = tx.collection(this.#embeddings.records.name)
      const dimension = (await records.get(idOf(key)))?.[dimensionField]
      if (typeof dimension !== 'number') throw VectorError.notFound(key)
      await records.update(idOf(key), Object.fromEntries(embeddingFieldsOf(dimension).map((field) => [field, undefined])))
    })
  }

  /** Whether there was one. */
  async delete(key: string): Promise<boolean> {
    return (await stored(() => this.#embeddings.records.delete(idOf(key)))).deleted > 0
  }

  async #change(key: string, change: (present: Stored | null) => ReturnType<typeof recordOf>): Promise<void> {
    await transact(this.#embeddings.context, async (tx) => {
      const records = tx.collection(this.#embeddings.records.name)
      await records.upsert([change(await records.get(idOf(key)))])
    })
  }
}

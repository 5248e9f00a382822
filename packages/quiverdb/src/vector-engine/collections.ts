import { checkKey } from './check-input.js'
import type { VectorEngineConfig } from './config.js'
import { EmbeddingSearch } from './embedding-search.js'
import { Embeddings, type EngineContext } from './embeddings.js'
import { VectorError } from './errors.js'
import { compareKeys } from './key-order.js'
import { DEFAULT_COLLECTION, VectorCollectionConfig, type VectorCollectionOptions } from './types.js'

/** A set of embeddings with its searches. */
export interface Searchable {
  readonly embeddings: Embeddings
  readonly search: EmbeddingSearch
}

export function searchable(embeddings: Embeddings, context: EngineContext): Searchable {
  return { embeddings, search: new EmbeddingSearch(embeddings, context) }
}

/** The collections of an engine by name. `default` is another name of the default store; it can be neither created nor deleted. */
export class Collections {
  readonly #context: EngineContext
  /** The store of the embeddings without a collection. */
  readonly defaults: Searchable
  readonly #named = new Map<string, Searchable>()

  constructor(context: EngineContext, defaults: Searchable) {
    this.#context = context
    this.defaults = defaults
  }

  /** @throws VectorError CollectionExists, ConfigurationError, StorageError: not a name */
  create(name: string, options: VectorCollectionConfig | VectorCollectionOptions = {}): Searchable {
    checkKey(name)
    if (this.get(name)) throw VectorError.collectionExists(name)
    return this.#add(name, completeCollectionConfig(options, this.#context.config))
  }

  get(name: string): Searchable | undefined {
    return name === DEFAULT_COLLECTION ? this.defaults : this.#named.get(name)
  }

  /** Stores in a collection, made with the defaults of the engine where there is none, but not for what is refused. @throws VectorError StorageError: not a name */
  storing<R>(name: string, store: (embeddings: Embeddings) => R): R {
    const present = this.get(name)
    const { embeddings } = present ?? this.create(name)
    try {
      return store(embeddings)
    } catch (error) {
      if (!present) this.delete(name)
      throw error
    }
  }

  /** The collection, with another configuration; what it holds stays. For loading. @throws VectorError ConfigurationError */
  configure(name: string, options: VectorCollectionConfig): Searchable {
    const present = this.get(name)
    if (!present) return this.create(name, options)
    present.embeddings.config = completeCollectionConfig(options, this.#context.config)
    return present
  }

  /** With all its embeddings. @throws VectorError CollectionNotFound */
  delete(name: string): void {
    const collection = this.#named.get(name)
    if (!collection) throw VectorError.collectionNotFound(name)
    collection.embeddings.space.clear()
    this.#named.delete(name)
  }

  /** In byte order, without `default`. */
  names(): string[] {
    return [...this.#named.keys()].sort(compareKeys)
  }

  #add(name: string, config: VectorCollectionConfig): Searchable {
    const collection = searchable(new Embeddings(this.#context, config, `${name}:`), this.#context)
    this.#named.set(name, collection)
    return collection
  }
}

/** A configuration with the defaults of the engine. @throws VectorError ConfigurationError */
export function completeCollectionConfig(
  options: VectorCollectionConfig | VectorCollectionOptions,
  { defaultMetric }: VectorEngineConfig,
): VectorCollectionConfig {
  const complete = new VectorCollectionConfig({ ...options, distanceMetric: options.distanceMetric ?? defaultMetric })
  checkCollectionConfig(complete)
  return complete
}

function checkCollectionConfig({ dimension, autoIndexThreshold }: VectorCollectionConfig): void {
  for (const [field, value] of Object.entries({ dimension, auto_index_threshold: autoIndexThreshold })) {
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue
    throw VectorError.configuration(`${field} must be greater than 0`)
  }
}

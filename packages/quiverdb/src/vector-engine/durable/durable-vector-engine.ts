import type { Database } from '../../database/database.js'
import { checkSnapshot } from '../check-input.js'
import { VectorEngineConfig, type VectorEngineOptions } from '../config.js'
import { VectorError } from '../errors.js'
import {
  loadIndexFile,
  loadIndexFolder,
  saveIndexFile,
  saveIndexFolder,
  type IndexFileFormat,
} from '../persistence/index-files.js'
import { DEFAULT_COLLECTION, PersistentVectorIndex, VectorCollectionConfig } from '../types.js'
import { DurableCollectionMethods } from './collection-methods.js'
import { DurableCollections, durableSearchable } from './durable-collections.js'
import { type DurableContext, stored } from './durable-context.js'
import { DurableEntities } from './durable-entities.js'
import { DurableSpace, type SpaceOptions } from './durable-space.js'
import { keyOf, metadataOf, vectorOf } from './record.js'
import { SpaceRecords } from './space-records.js'

/** All of an engine lies in one namespace, so that other users of the database are not in its way. */
const namespaceName = 'vector-engine'

/**
 * The vector engine on a database: the methods of `VectorEngine`, by promises. What was acknowledged survives the end of the process,
 * however it comes, and is seen by every process that has the same folder open.
 *
 * @example
 * ```ts
 * const engine = await openDurable('./vectors')
 * await engine.storeEmbedding('doc1', [0.1, 0.2, 0.3])
 * await engine.searchSimilar([0.1, 0.2, 0.3], 1) // [{ key: 'doc1', score: 1 }]
 * await engine.close()
 * ```
 */
export class DurableVectorEngine extends DurableCollectionMethods {
  /** The same on a database that is open. @throws VectorError ConfigurationError, StorageError */
  static async over(database: Database, given: VectorEngineConfig | VectorEngineOptions = {}): Promise<DurableVectorEngine> {
    const config = given instanceof VectorEngineConfig ? given : new VectorEngineConfig(given)
    config.validate()
    return await stored(async () => {
      const namespace = await database.namespace(namespaceName)
      const context: DurableContext = { config, database, namespace }
      const { defaultMetric: distanceMetric } = config
      const space = async (name: string, options?: SpaceOptions): Promise<DurableSpace> => {
        const records = await SpaceRecords.open(namespace, name)
        return new DurableSpace(context, records, new VectorCollectionConfig({ distanceMetric }), options)
      }
      const defaults = durableSearchable(await space('embeddings'))
      const entities = new DurableEntities(await space('entities', { mayLackEmbeddings: true }))
      return new DurableVectorEngine({
        context,
        defaults,
        entities,
        collections: await DurableCollections.open(context, defaults),
      })
    })
  }

  get config(): VectorEngineConfig {
    return this.core.context.config
  }

  /** The database below, for its history: every write is a version of it. */
  get database(): Database {
    return this.core.context.database
  }

  /** A collection as a value, as it is now; `default` are the embeddings without one. Empty where there is none. @throws VectorError StorageError */
  async snapshotCollection(name: string): Promise<PersistentVectorIndex> {
    const collection = await this.core.collections.get(name)
    const index = new PersistentVectorIndex(name, collection?.embeddings.config)
    if (!collection) return index
    for await (const record of collection.embeddings.snapshot())
      index.push(keyOf(record.id), vectorOf(record)!, metadataOf(record))
    return index
  }

  /** Writes a collection to a JSON file. @throws VectorError IoError, StorageError */
  async saveIndex(collection: string, path: string): Promise<void> {
    await saveIndexFile(path, await this.snapshotCollection(collection), 'json')
  }

  /** Writes a collection to a binary file. @throws VectorError IoError, StorageError */
  async saveIndexBinary(collection: string, path: string): Promise<void> {
    await saveIndexFile(path, await this.snapshotCollection(collection), 'binary')
  }

  /**
   * Adds what a JSON file holds to the collection that it names, in one commit; its configuration is that of the file then. All of it, or nothing.
   * @returns the name @throws VectorError IoError, SerializationError, ConfigurationError: a limit is exceeded, those of `batchStoreEmbeddings`
   */
  async loadIndex(path: string): Promise<string> {
    return await this.#loadFile(path, 'json')
  }

  /** The same of a binary file. @throws VectorError as `loadIndex` */
  async loadIndexBinary(path: string): Promise<string> {
    return await this.#loadFile(path, 'binary')
  }

  /** Writes a JSON file for each collection that is not empty, `default` included. Returns their names. @throws VectorError IoError, StorageError */
  async saveAllIndices(folder: string): Promise<string[]> {
    const indexes: PersistentVectorIndex[] = []
    for (const name of [DEFAULT_COLLECTION, ...(await this.listCollections())]) {
      const index = await this.snapshotCollection(name)
      if (!index.isEmpty) indexes.push(index)
    }
    return await saveIndexFolder(folder, indexes)
  }

  /** Loads every JSON file of a folder. One that cannot be loaded is left out. Returns the names of the others. @throws VectorError IoError, StorageError */
  async loadAllIndices(folder: string): Promise<string[]> {
    const { indexes } = await loadIndexFolder(folder, this.config)
    const names: string[] = []
    for (const index of indexes) {
      try {
        await this.#load(index)
        names.push(index.collection)
      } catch (error) {
        if (!(error instanceof VectorError) || error.kind === 'StorageError') throw error // the database failed, not the file
      }
    }
    return names
  }

  /** Closes the database too. Acknowledged writes are safe without it. */
  async close(): Promise<void> {
    await this.database.close()
  }

  async #loadFile(path: string, format: IndexFileFormat): Promise<string> {
    const index = await loadIndexFile(path, format, this.config)
    await this.#load(index)
    return index.collection
  }

  async #load(index: PersistentVectorIndex): Promise<void> {
    const { collection, config, vectors } = index
    checkSnapshot(index, this.config)
    const inputs = vectors.map(({ key, vector, metadata }) => ({ key, vector, metadata: metadata ?? undefined }))
    await this.core.collections.load(collection, config, inputs)
  }
}

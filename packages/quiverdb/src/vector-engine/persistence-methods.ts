import { IndexMethods } from './index-methods.js'
import {
  type IndexFileFormat,
  loadIndexFile,
  loadIndexFolder,
  saveIndexFile,
  saveIndexFolder,
} from './persistence/index-files.js'
import { namesToSave, restore, snapshotOf } from './snapshots.js'
import type { PersistentVectorIndex } from './types.js'

/**
 * The part of the engine that writes collections to files and reads them. A file holds configuration, vectors and metadata; graphs are built again.
 * The JSON files are those of Neumann, both ways.
 */
export abstract class PersistenceMethods extends IndexMethods {
  /** A collection as it is now; an empty one where there is none of that name. */
  snapshotCollection(collection: string): PersistentVectorIndex {
    return snapshotOf(this.core, collection)
  }

  /** Writes a collection to a JSON file, in one step. @throws VectorError IoError */
  async saveIndex(collection: string, path: string): Promise<void> {
    await saveIndexFile(path, this.snapshotCollection(collection), 'json')
  }

  /** Writes a collection to a binary file, in one step. @throws VectorError IoError */
  async saveIndexBinary(collection: string, path: string): Promise<void> {
    await saveIndexFile(path, this.snapshotCollection(collection), 'binary')
  }

  /**
   * Adds what a JSON file holds to the collection of its name, which gets the configuration of the file. All of it, or nothing. Returns the name.
   * @throws VectorError IoError, SerializationError, DimensionMismatch; ConfigurationError: `maxIndexFileBytes` or `maxIndexEntries` is exceeded
   */
  loadIndex(path: string): Promise<string> {
    return this.#load(path, 'json', 'load_index')
  }

  /** The same for a binary file. @throws VectorError as `loadIndex` */
  loadIndexBinary(path: string): Promise<string> {
    return this.#load(path, 'binary', 'load_index_binary')
  }

  /** Writes a JSON file for each collection that holds something into a folder, which is made if need be. Returns their names. @throws VectorError IoError */
  async saveAllIndices(folder: string): Promise<string[]> {
    return await saveIndexFolder(
      folder,
      namesToSave(this.core).map((name) => this.snapshotCollection(name)),
    )
  }

  /**
   * Loads every JSON file of a folder. One that cannot be loaded is left out, and told to `quiver:vector-engine:failure`. Returns the names of the others.
   * @throws VectorError IoError: no such folder
   */
  async loadAllIndices(folder: string): Promise<string[]> {
    const operation = 'load_all_indices'
    const { indexes, failures } = await loadIndexFolder(folder, this.core.context.config)
    const names: string[] = []
    for (const { file, error } of failures) this.core.context.events.failure({ operation, subject: file, error })
    for (const index of indexes) {
      try {
        names.push(restore(this.core, operation, index))
      } catch (error) {
        this.core.context.events.failure({ operation, subject: index.collection, error })
      }
    }
    return names
  }

  async #load(path: string, format: IndexFileFormat, operation: string): Promise<string> {
    return restore(this.core, operation, await loadIndexFile(path, format, this.core.context.config))
  }
}

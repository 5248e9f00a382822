import type { IndexCodec } from './codecs/index-codec.js'
import { JsonCodec } from './codecs/json-codec.js'
import { IndexFile, type JournalLimits } from './index-file.js'
import type { ItemChanges } from './item-changes.js'
import { ItemSearch } from './item-search.js'
import { ItemStore } from './item-store.js'
import type { ItemTable } from './item-table.js'
import { type KeywordSearchOptions, keywordResults } from './keyword-results.js'
import { compileFilter } from './metadata-filter.js'
import { newItem, type NewItem } from './new-item.js'
import { defaultStorage } from './storage/default-storage.js'
import { FileStorageUtilities } from './storage/file-storage-utilities.js'
import type { FileStorage } from './storage/file-storage.js'
import { pathUtils } from './storage/path-utils.js'
import type {
  CreateIndexConfig,
  IndexItem,
  IndexStats,
  ItemInput,
  MetadataConfig,
  MetadataFilter,
  MetadataTypes,
  QueryResult,
} from './types.js'
import { VectraError } from './vectra-error.js'

export interface LocalIndexOptions extends KeywordSearchOptions {
  /**
   * Write changes into a file beside the index first, which is many times quicker. They go into the index file when an update ends, when the index is
   * closed, and when they have become many; only programs that know the journal see them before. Default: false.
   */
  journal?: boolean | Partial<JournalLimits>
}

/** What a journal may hold: about two thousand items of 384 numbers. */
const journalBytesMax = 16 * 1024 ** 2

/**
 * Vectors with metadata in a folder, searched by cosine. The folder is that of Vectra: either program reads what the other has written.
 *
 * All items are in memory once they were asked for. A change is in the folder when its promise resolves; changes that are made at the same
 * time are saved together. `beginUpdate` and `endUpdate` make one of many.
 *
 * @example
 * ```ts
 * const index = new LocalIndex('notes')
 * await index.createIndex({ version: 1, metadata_config: { indexed: ['year'] } })
 * await index.insertItem({ id: 'a', vector: [0.1, 0.9], metadata: { year: 1958, title: 'Perceptron' } })
 * const [best] = await index.queryItems([0.2, 0.8], '', 1, { year: { $gte: 1950 } })
 * best.item.metadata.title // 'Perceptron'
 * ```
 */
export class LocalIndex<TMetadata extends Record<string, MetadataTypes> = Record<string, MetadataTypes>> {
  readonly #folderPath: string
  readonly #indexName: string
  readonly #storage: FileStorage
  readonly #codec: IndexCodec
  readonly #options: LocalIndexOptions
  readonly #file: IndexFile
  readonly #store: ItemStore
  readonly #search = new ItemSearch()

  /**
   * @param indexName Name of the index file. Default: `index` with the codec's extension.
   * @param storage Where the files are. Default: the file system, where there is one.
   * @param codec How they are written. Default: JSON.
   */
  constructor(
    folderPath: string,
    indexName?: string,
    storage: FileStorage = defaultStorage(),
    codec: IndexCodec = new JsonCodec(),
    options: LocalIndexOptions = {},
  ) {
    this.#folderPath = folderPath
    this.#indexName = indexName ?? `index${codec.extension}`
    this.#storage = storage
    this.#codec = codec
    this.#options = options
    this.#file = new IndexFile(storage, codec, pathUtils.join(folderPath, this.#indexName), journalLimits(options))
    this.#store = new ItemStore(this.#file, ({ name, metadata }) =>
      this.#writeFile(name, this.#codec.serializeMetadata(metadata)),
    )
  }

  get folderPath(): string {
    return this.#folderPath
  }

  get indexName(): string {
    return this.#indexName
  }

  get storage(): FileStorage {
    return this.#storage
  }

  get codec(): IndexCodec {
    return this.#codec
  }

  isIndexCreated(): Promise<boolean> {
    return this.#file.exists()
  }

  /** Makes an empty index. @throws VectraError ALREADY_EXISTS; STORAGE_FAILED: nothing is left of it then */
  async createIndex(config: CreateIndexConfig = { version: 1 }): Promise<void> {
    if (await this.isIndexCreated()) {
      if (!config.deleteIfExists) throw new VectraError('ALREADY_EXISTS', 'Index already exists')
      await this.deleteIndex()
    }
    const isNewFolder = !(await this.#storage.pathExists(this.#folderPath))
    try {
      const head = { version: config.version, metadata_config: config.metadata_config ?? {} }
      await this.#store.create(head, () => this.#storage.createFolder(this.#folderPath))
    } catch (error) {
      await this.#removeUnfinished(isNewFolder)
      throw new VectraError('STORAGE_FAILED', 'Error creating index', { cause: error })
    }
  }

  /** Deletes the folder with all that is in it. */
  deleteIndex(): Promise<void> {
    return this.#store.delete(async () => {
      // There are storages whose folders can be deleted alone.
      await FileStorageUtilities.tryDeleteFile(this.#storage, this.#file.path)
      await this.#storage.deleteFolder(this.#folderPath)
    })
  }

  /** @throws VectraError NOT_FOUND */
  async getIndexStats(): Promise<IndexStats> {
    await this.loadIndexData()
    const { head, size } = await this.#store.table()
    return { version: head.version, metadata_config: head.metadata_config, items: size }
  }

  /** Begins an update: what is changed from now on is seen and saved when it ends. @throws VectraError CONFLICT: there is one already */
  async beginUpdate(): Promise<void> {
    await this.#store.begin()
  }

  /** Saves the update. It stays open when that fails. @throws VectraError INVALID_ARGUMENT, STORAGE_FAILED */
  async endUpdate(): Promise<void> {
    await this.#store.end()
  }

  /** Drops the update; without one nothing happens. */
  cancelUpdate(): void {
    this.#store.cancel()
  }

  /** Adds an item. @throws VectraError INVALID_VECTOR, ALREADY_EXISTS, STORAGE_FAILED */
  async insertItem<TItemMetadata extends TMetadata = TMetadata>(
    item: ItemInput<TItemMetadata>,
  ): Promise<IndexItem<TItemMetadata>> {
    return (await this.#store.write((changes) => this.#insertAll(changes, [item])[0])) as IndexItem<TItemMetadata>
  }

  /** Adds an item, or replaces the one with its id in its place. @throws VectraError INVALID_VECTOR, STORAGE_FAILED */
  async upsertItem<TItemMetadata extends TMetadata = TMetadata>(
    item: ItemInput<TItemMetadata>,
  ): Promise<IndexItem<TItemMetadata>> {
    return (await this.#store.write((changes) => {
      const { item: made, file } = this.#newItem(item, changes)
      return changes.upsert(made, file)
    })) as IndexItem<TItemMetadata>
  }

  /** Adds items: all or none, and never as a part of an update. @throws VectraError CONFLICT: there is one; INVALID_VECTOR, ALREADY_EXISTS, STORAGE_FAILED */
  async batchInsertItems<TItemMetadata extends TMetadata = TMetadata>(items: ItemInput<TItemMetadata>[]): Promise<IndexItem[]> {
    if (this.#store.hasUpdate) throw new VectraError('CONFLICT', 'Update already in progress')
    return this.#store.writeAlone((changes) => this.#insertAll(changes, items))
  }

  /** Deletes an item; an unknown id is none. */
  async deleteItem(id: string): Promise<void> {
    await this.#store.write((changes) => changes.delete(id))
  }

  /** Deletes items in one go. */
  async deleteItems(ids: Iterable<string>): Promise<void> {
    const distinct = new Set(ids)
    if (!distinct.size) return
    await this.#store.write((changes) => distinct.forEach((id) => changes.delete(id, true)))
  }

  /** The item with an id, with its indexed metadata. */
  async getItem<TItemMetadata extends TMetadata = TMetadata>(id: string): Promise<IndexItem<TItemMetadata> | undefined> {
    await this.loadIndexData()
    return (await this.#store.table()).get(id) as IndexItem<TItemMetadata> | undefined
  }

  /** All items, with their indexed metadata, in the order in which they were inserted. */
  async listItems<TItemMetadata extends TMetadata = TMetadata>(): Promise<IndexItem<TItemMetadata>[]> {
    await this.loadIndexData()
    return (await this.#store.table()).items() as unknown[] as IndexItem<TItemMetadata>[]
  }

  /** The items that pass a filter, with their indexed metadata. */
  async listItemsByMetadata<TItemMetadata extends TMetadata = TMetadata>(
    filter: MetadataFilter,
  ): Promise<IndexItem<TItemMetadata>[]> {
    await this.loadIndexData()
    const test = compileFilter(filter)
    const items = (await this.#store.table()).items().filter(({ metadata }) => test(metadata))
    return items as unknown[] as IndexItem<TItemMetadata>[]
  }

  /**
   * The `topK` items whose vectors are nearest to `vector` by cosine, nearest first and items of equal score in the order in which they
   * were inserted; exactly. Their metadata is complete.
   *
   * @param query The text that is looked for, where `isBm25` asks for keywords too; their results follow those by vector.
   */
  async queryItems<TItemMetadata extends TMetadata = TMetadata>(
    vector: ArrayLike<number>,
    query: string,
    topK: number,
    filter?: MetadataFilter,
    isBm25?: boolean,
  ): Promise<QueryResult<TItemMetadata>[]> {
    await this.loadIndexData()
    const table = await this.#store.table()
    const nearest = await this.#search.nearest(table, { vector, topK, filter })
    const results = await Promise.all(nearest.map(({ item, score }) => this.#withMetadata(item, score)))
    if (isBm25) {
      const found = new Set(nearest.map(({ item }) => item))
      const test = compileFilter(filter)
      const others = table.items().filter((item) => !found.has(item) && test(item.metadata))
      results.push(...(await keywordResults({ index: this, items: others, query, topK }, this.#options)))
    }
    return results as unknown[] as QueryResult<TItemMetadata>[]
  }

  /** Puts what is in the journal into the index file. There is nothing to close without one, and the index can be used again. */
  async close(): Promise<void> {
    await this.#store.flush()
  }

  /** Reads the items from the folder unless they are in memory. @throws VectraError NOT_FOUND, CORRUPT */
  protected async loadIndexData(): Promise<void> {
    await this.#store.table()
  }

  /** @internal The fields that are kept in the index file, where some are not. */
  protected indexedFields(config: MetadataConfig): MetadataConfig {
    return config
  }

  /** @internal The items as they were saved last. */
  protected itemTable(): Promise<ItemTable> {
    return this.#store.table()
  }

  #newItem(input: ItemInput, { table }: ItemChanges): NewItem {
    return newItem(input, this.indexedFields(table.head.metadata_config), this.#codec.extension)
  }

  #insertAll(changes: ItemChanges, inputs: readonly ItemInput[]): IndexItem[] {
    return insertAll(changes, inputs, (input) => this.#newItem(input, changes))
  }

  async #withMetadata(item: IndexItem, score: number): Promise<QueryResult> {
    if (item.metadataFile === undefined) return { item, score }
    const bytes = await this.#storage.readFile(pathUtils.join(this.#folderPath, item.metadataFile))
    return { item: { ...item, metadata: this.#codec.deserializeMetadata(bytes) }, score }
  }

  async #writeFile(name: string, content: Uint8Array): Promise<void> {
    const path = pathUtils.join(this.#folderPath, name)
    if (this.#storage.replaceFile) await this.#storage.replaceFile(path, [content])
    else await this.#storage.upsertFile(path, content)
  }

  async #removeUnfinished(isNewFolder: boolean): Promise<void> {
    try {
      await FileStorageUtilities.tryDeleteFile(this.#storage, this.#file.path)
      // Others may have files in a folder that was there before.
      if (isNewFolder) await this.#storage.deleteFolder(this.#folderPath)
    } catch {
      // What keeps the index from being made may keep its remains from being removed; the cause is what is reported.
    }
  }
}

function journalLimits({ journal }: LocalIndexOptions): JournalLimits | undefined {
  return journal ? { sizeBytesMax: journalBytesMax, ...(journal === true ? {} : journal) } : undefined
}

/** All or none. @throws VectraError INVALID_VECTOR, ALREADY_EXISTS: for the first that is not good */
function insertAll(changes: ItemChanges, inputs: readonly ItemInput[], make: (input: ItemInput) => NewItem): IndexItem[] {
  const ids = new Set<unknown>()
  const items = inputs.map((input) => {
    const made = make(input)
    const { id } = made.item
    if (ids.has(id) || changes.get(id)) changes.refuse(id)
    ids.add(id)
    return made
  })
  for (const { item, file } of items) changes.insert(item, file)
  return items.map(({ item }) => item)
}

import { defaultStorage } from '../storage/default-storage.js'
import { FileStorageUtilities } from '../storage/file-storage-utilities.js'
import type { FileStorage } from '../storage/file-storage.js'
import { pathUtils } from '../storage/path-utils.js'
import type { IndexData, IndexItem } from '../types.js'
import { detectCodec, formatsIn } from './detect-codec.js'
import type { IndexCodec } from './index-codec.js'
import { JsonCodec } from './json-codec.js'
import { ProtobufCodec } from './protobuf-codec.js'

export type FormatName = 'json' | 'protobuf'

export interface MigrateOptions {
  to: FormatName
  /** Default: the file system. */
  storage?: FileStorage
}

/**
 * Rewrites the index in a folder in another format: index, catalog and metadata files. Files of the old format go when all new ones are
 * there. One that was interrupted, which leaves both, is taken up again from the old format.
 *
 * @throws VectraError NOT_FOUND
 *
 * @example
 * ```ts
 * await migrateIndex('notes', { to: 'protobuf' })
 * ```
 */
export async function migrateIndex(folderPath: string, options: MigrateOptions): Promise<void> {
  const { to, storage = defaultStorage() } = options
  const source = await sourceCodec(folderPath, storage, to)
  if (!source) return
  await new Migration(folderPath, storage, source, codecOf(to)).run()
}

const codecOf = (format: FormatName): IndexCodec => (format === 'json' ? new JsonCodec() : new ProtobufCodec())

/** What is to be rewritten; undefined when there is nothing to do. */
async function sourceCodec(folderPath: string, storage: FileStorage, to: FormatName): Promise<IndexCodec | undefined> {
  const { json, protobuf } = await formatsIn(folderPath, storage)
  // The old index is deleted last, so where both are there the new one may be incomplete.
  if (json && protobuf) return codecOf(to === 'json' ? 'protobuf' : 'json')
  const present = await detectCodec(folderPath, storage)
  return present.extension === codecOf(to).extension ? undefined : present
}

class Migration {
  readonly #obsolete: string[] = []

  constructor(
    readonly folderPath: string,
    readonly storage: FileStorage,
    readonly from: IndexCodec,
    readonly to: IndexCodec,
  ) {}

  async run(): Promise<void> {
    const oldIndex = `index${this.from.extension}`
    const index = this.from.deserializeIndex(await this.storage.readFile(this.#path(oldIndex)))
    const items: IndexItem[] = []
    for (const item of index.items) items.push(await this.#item(item))
    await this.#catalog()
    await this.#write(`index${this.to.extension}`, this.to.serializeIndex({ ...head(index), items }))
    this.#obsolete.push(oldIndex)
    for (const name of this.#obsolete) await FileStorageUtilities.tryDeleteFile(this.storage, this.#path(name))
  }

  async #item(item: IndexItem): Promise<IndexItem> {
    if (item.metadataFile === undefined) return item
    const metadataFile = await this.#metadata(item.metadataFile)
    return metadataFile === undefined ? item : { ...item, metadataFile }
  }

  async #catalog(): Promise<void> {
    const name = `catalog${this.from.extension}`
    if (!(await this.storage.pathExists(this.#path(name)))) return
    const catalog = this.from.deserializeCatalog(await this.storage.readFile(this.#path(name)))
    for (const id of Object.keys(catalog.idToUri)) await this.#metadata(`${id}${this.from.extension}`)
    await this.#write(`catalog${this.to.extension}`, this.to.serializeCatalog(catalog))
    this.#obsolete.push(name)
  }

  /** Rewrites a metadata file; returns its new name, or undefined where there is none. */
  async #metadata(name: string): Promise<string | undefined> {
    if (!(await this.storage.pathExists(this.#path(name)))) return undefined
    const metadata = this.from.deserializeMetadata(await this.storage.readFile(this.#path(name)))
    const renamed = `${withoutExtension(name)}${this.to.extension}`
    await this.#write(renamed, this.to.serializeMetadata(metadata))
    if (renamed !== name) this.#obsolete.push(name)
    return renamed
  }

  #path(name: string): string {
    return pathUtils.join(this.folderPath, name)
  }

  async #write(name: string, content: Uint8Array): Promise<void> {
    const path = this.#path(name)
    if (this.storage.replaceFile) await this.storage.replaceFile(path, [content])
    else await this.storage.upsertFile(path, content)
  }
}

const head = ({ version, metadata_config }: IndexData): Omit<IndexData, 'items'> => ({ version, metadata_config })

const withoutExtension = (name: string): string => name.slice(0, name.length - pathUtils.extname(name).length)

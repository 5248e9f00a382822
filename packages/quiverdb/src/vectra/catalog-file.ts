import type { DocumentCatalog, IndexCodec } from './codecs/index-codec.js'
import { emptyCatalog } from './document-catalog.js'
import type { DocumentFiles } from './document-files.js'
import type { FileStorage } from './storage/file-storage.js'
import { VectraError } from './vectra-error.js'

/** The file that tells which documents an index has. */
export class CatalogFile {
  readonly #storage: FileStorage
  readonly #codec: IndexCodec
  readonly #files: DocumentFiles
  #stamp: string | undefined

  constructor(storage: FileStorage, codec: IndexCodec, files: DocumentFiles) {
    this.#storage = storage
    this.#codec = codec
    this.#files = files
  }

  get path(): string {
    return this.#files.catalogPath
  }

  exists(): Promise<boolean> {
    return this.#storage.pathExists(this.path)
  }

  /** Whether somebody else has written it; false where the storage cannot tell. */
  async hasChanged(): Promise<boolean> {
    return this.#storage.stampOf !== undefined && (await this.#storage.stampOf(this.path)) !== this.#stamp
  }

  /** An empty catalog is written where there is none. @throws VectraError STORAGE_FAILED, CORRUPT */
  async read(): Promise<DocumentCatalog> {
    if (!(await this.exists())) return this.#create()
    this.#stamp = await this.#storage.stampOf?.(this.path)
    const bytes = await this.#storage.readFile(this.path)
    let catalog: DocumentCatalog | undefined
    try {
      catalog = this.#codec.deserializeCatalog(bytes)
    } catch (cause) {
      throw corrupt(this.path, cause)
    }
    if (typeof catalog?.uriToId !== 'object' || typeof catalog.idToUri !== 'object') throw corrupt(this.path)
    return catalog
  }

  async write(catalog: DocumentCatalog): Promise<void> {
    await this.#files.write(this.path, this.#codec.serializeCatalog(catalog))
    this.#stamp = await this.#storage.stampOf?.(this.path)
  }

  async #create(): Promise<DocumentCatalog> {
    const catalog = emptyCatalog()
    try {
      await this.write(catalog)
    } catch (cause) {
      throw new VectraError('STORAGE_FAILED', `Error creating document catalog: ${cause}`, { cause })
    }
    return catalog
  }
}

function corrupt(path: string, cause?: unknown): VectraError {
  return new VectraError('CORRUPT', `${path} is no catalog of documents.`, { details: { path }, cause })
}

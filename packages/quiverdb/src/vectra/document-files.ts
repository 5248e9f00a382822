import type { IndexCodec } from './codecs/index-codec.js'
import { toBytes } from './storage/bytes.js'
import { FileStorageUtilities } from './storage/file-storage-utilities.js'
import type { FileStorage } from './storage/file-storage.js'
import { pathUtils } from './storage/path-utils.js'
import type { DocumentChange } from './unfinished-documents.js'

/** The files beside an index that hold its documents and their catalog. */
export class DocumentFiles {
  readonly #storage: FileStorage
  readonly #folderPath: string
  readonly #codec: IndexCodec

  constructor(storage: FileStorage, folderPath: string, codec: IndexCodec) {
    this.#storage = storage
    this.#folderPath = folderPath
    this.#codec = codec
  }

  get catalogPath(): string {
    return this.pathOf(`catalog${this.#codec.extension}`)
  }

  pathOf(name: string): string {
    return pathUtils.join(this.#folderPath, name)
  }

  /** Writes a file so that it is never found half written, where the storage can do that. */
  async write(path: string, content: Uint8Array): Promise<void> {
    if (this.#storage.replaceFile) await this.#storage.replaceFile(path, [content])
    else await this.#storage.upsertFile(path, content)
  }

  /** Writes text and metadata of a document as they are to be. */
  async writeDocument({ id, content }: DocumentChange): Promise<void> {
    if (!content) return
    const metadataPath = this.pathOf(`${id}${this.#codec.extension}`)
    if (content.metadata !== undefined) await this.write(metadataPath, this.#codec.serializeMetadata(content.metadata))
    else if (await this.#storage.pathExists(metadataPath)) await this.#storage.deleteFile(metadataPath)
    await this.write(this.pathOf(`${id}.txt`), toBytes(content.text))
  }

  /** Removes text and metadata. Throws if the text cannot be removed. */
  async removeDocument({ id }: DocumentChange): Promise<void> {
    await FileStorageUtilities.tryDeleteFile(this.#storage, this.pathOf(`${id}${this.#codec.extension}`))
    await this.#storage.deleteFile(this.pathOf(`${id}.txt`))
  }
}

import type { Tokenizer } from '../text/tokenizer.js'
import type { IndexCodec } from './codecs/index-codec.js'
import { toText } from './storage/bytes.js'
import type { FileStorage } from './storage/file-storage.js'
import { pathUtils } from './storage/path-utils.js'
import type { MetadataTypes } from './types.js'
import { VectraError } from './vectra-error.js'

/** What a document needs of its index. */
export interface DocumentPlace {
  readonly folderPath: string
  readonly storage: FileStorage
  readonly tokenizer?: Tokenizer
  /** Default: JSON. */
  readonly codec?: Pick<IndexCodec, 'extension' | 'deserializeMetadata'>
}

/** Longer texts are not encoded only to know how long they are. */
const countedLengthMax = 40_000
const charactersPerToken = 4

/** A document of an index. What is read of it is kept: a document that changes is another one. */
export class LocalDocument {
  readonly #index: DocumentPlace
  readonly #id: string
  readonly #uri: string
  #text: string | undefined
  #metadata: Record<string, MetadataTypes> | undefined

  constructor(index: DocumentPlace, id: string, uri: string) {
    this.#index = index
    this.#id = id
    this.#uri = uri
  }

  get folderPath(): string {
    return this.#index.folderPath
  }

  get id(): string {
    return this.#id
  }

  get uri(): string {
    return this.#uri
  }

  /** Tokens of the text; for more than 40,000 characters an estimate of four characters for each. */
  async getLength(): Promise<number> {
    const text = await this.loadText()
    const { tokenizer } = this.#index
    if (tokenizer === undefined || text.length > countedLengthMax) return Math.ceil(text.length / charactersPerToken)
    return tokenizer.encode(text).length
  }

  /** Whether the document was given metadata. */
  hasMetadata(): Promise<boolean> {
    return this.#index.storage.pathExists(this.#metadataPath())
  }

  /** The metadata that the document was given. @throws VectraError NOT_FOUND, CORRUPT */
  async loadMetadata(): Promise<Record<string, MetadataTypes>> {
    if (this.#metadata) return this.#metadata
    let bytes: Uint8Array
    try {
      bytes = await this.#index.storage.readFile(this.#metadataPath())
    } catch (error) {
      throw this.#failure('NOT_FOUND', 'reading metadata', error)
    }
    try {
      const { codec } = this.#index
      const metadata = codec ? codec.deserializeMetadata(bytes) : (JSON.parse(toText(bytes)) as Record<string, MetadataTypes>)
      return (this.#metadata = metadata)
    } catch (error) {
      throw this.#failure('CORRUPT', 'parsing metadata', error)
    }
  }

  /** @throws VectraError NOT_FOUND */
  async loadText(): Promise<string> {
    if (this.#text !== undefined) return this.#text
    try {
      const bytes = await this.#index.storage.readFile(pathUtils.join(this.folderPath, `${this.#id}.txt`))
      return (this.#text = toText(bytes))
    } catch (error) {
      throw this.#failure('NOT_FOUND', 'reading text file', error)
    }
  }

  #metadataPath(): string {
    return pathUtils.join(this.folderPath, `${this.#id}${this.#index.codec?.extension ?? '.json'}`)
  }

  #failure(code: 'NOT_FOUND' | 'CORRUPT', doing: string, error: unknown): VectraError {
    return new VectraError(code, `Error ${doing} for document "${this.#uri}": ${error}`, {
      details: { uri: this.#uri },
      cause: error,
    })
  }
}

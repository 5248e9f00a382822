import type { DocumentCatalog } from './codecs/index-codec.js'
import { addToCatalog, entryOf, removeFromCatalog } from './document-catalog.js'
import { toBytes, toText } from './storage/bytes.js'
import type { FileStorage } from './storage/file-storage.js'
import { FileStorageUtilities } from './storage/file-storage-utilities.js'
import type { MetadataTypes } from './types.js'

/** What a change of documents makes of one of them. */
export interface DocumentChange {
  readonly uri: string
  readonly id: string
  /** Hash of the content that the catalog had; undefined where it had none. */
  readonly before: string | undefined
  /** What the document is to be; undefined: it is deleted. */
  readonly content?: DocumentContent
  /** An item that is in the index once the change is saved. */
  readonly comes?: string
  /** An item that is no longer in it then. */
  readonly goes?: string
}

export interface DocumentContent {
  readonly text: string
  readonly metadata?: Record<string, MetadataTypes>
  readonly hash: string
}

/** What recovery asks of an index, and has it do. */
export interface Recovery {
  hasItem(id: string): Promise<boolean>
  writeFiles(change: DocumentChange): Promise<void>
  removeFiles(change: DocumentChange): Promise<void>
}

const version = 1

/**
 * The note that an index leaves before it saves documents, whose chunks, texts and catalog are several files: whoever opens the index after a crash
 * learns from it what is to be finished. The items tell whether a change has happened. It is written only where files can be replaced as
 * a whole, and Vectra takes no notice of it.
 */
export class UnfinishedDocuments {
  readonly #storage: FileStorage
  readonly #path: string

  constructor(storage: FileStorage, path: string) {
    this.#storage = storage
    this.#path = path
  }

  async note(changes: readonly DocumentChange[]): Promise<void> {
    await this.#storage.replaceFile?.(this.#path, [toBytes(JSON.stringify({ version, changes }))])
  }

  async forget(): Promise<void> {
    // One that cannot be deleted does no harm: its changes are those that the catalog has.
    if (this.#storage.replaceFile) await FileStorageUtilities.tryDeleteFile(this.#storage, this.#path)
  }

  /** Finishes what was begun. Returns whether the catalog was changed. */
  async finish(catalog: DocumentCatalog, recovery: Recovery): Promise<boolean> {
    const changes = (await this.#read()).filter((change) => isDue(change, catalog))
    let finished = false
    for (const change of changes) {
      if (!(await hasHappened(change, recovery))) continue
      finished = true
      if (change.content) {
        await recovery.writeFiles(change)
        addToCatalog(catalog, change.uri, change.id, change.content.hash)
      } else {
        removeFromCatalog(catalog, change.uri, change.id)
        await recovery.removeFiles(change)
      }
    }
    return finished
  }

  async #read(): Promise<DocumentChange[]> {
    if (!this.#storage.replaceFile || !(await this.#storage.pathExists(this.#path))) return []
    try {
      const note = JSON.parse(toText(await this.#storage.readFile(this.#path))) as { version: unknown; changes: DocumentChange[] }
      return note.version === version ? note.changes : []
    } catch {
      // Not one of ours: ours are there whole or not at all.
      return []
    }
  }
}

/** Whether the catalog is still as it was before the change: else it was finished, or somebody else has changed the document since. */
function isDue({ uri, id, before, content }: DocumentChange, catalog: DocumentCatalog): boolean {
  const hash = entryOf(catalog.uriToHash, uri)
  const known = entryOf(catalog.uriToId, uri)
  if (content) return hash === before && hash !== content.hash && (known === undefined || known === id)
  return known === id && hash === before
}

async function hasHappened({ comes, goes }: DocumentChange, { hasItem }: Recovery): Promise<boolean> {
  if (comes !== undefined) return hasItem(comes)
  return goes === undefined || !(await hasItem(goes))
}

import { resolve, sep } from 'node:path'
import type { Fields } from '../../collection/types.js'
import type { Documents } from '../documents.js'
import { throwIfAborted } from '../options.js'
import type { DocumentInput } from '../types.js'
import { readFileText } from './read-file.js'
import { scanFolder, type FileStamp } from './scan-folder.js'

export interface FolderOptions {
  /** Endings of the files that are taken, with or without a dot, in any case. Default: all files that hold text. */
  extensions?: readonly string[]
  /** Files and folders to leave out, by their path below the folder; folders end with `/`. Default: names that begin with a dot, and `node_modules`. */
  ignore?: (path: string) => boolean
  /** What uris begin with; the path below the folder follows, with `/` between names. Default: the absolute path of the folder, and `/`. */
  prefix?: string
  /** Metadata of a file, by its path below the folder. Default: none. */
  metadata?: (path: string) => Fields
  /** Also remove documents whose files are gone, even if they went while nobody looked. Default: true. */
  removeMissing?: boolean
  signal?: AbortSignal
  /** Called for each document that was written or removed, and each file that could not be read or written. */
  onEvent?: (event: FolderEvent) => void
}

export type FolderEvent =
  | { readonly type: 'added' | 'updated' | 'unchanged' | 'deleted'; readonly uri: string }
  /** `uri` is absent where the folder itself cannot be read. */
  | { readonly type: 'error'; readonly uri?: string; readonly error: unknown }
  /** What was there has been taken in. */
  | { readonly type: 'ready'; readonly files: number }

/** Files whose texts are written together: one commit, and full requests to the embedder. */
const filesPerWrite = 32
const listLimit = 1_000

/** Keeps the documents of a folder as its files are: each call of {@link sync} looks at what has changed since the last. */
export class FolderSync {
  readonly folder: string
  readonly #documents: Documents
  readonly #options: FolderOptions
  readonly #prefix: string
  readonly #accepts: (path: string) => boolean
  /** What was taken in, or refused for good, by path below the folder. */
  #known = new Map<string, FileStamp>()
  #looked = false

  constructor(documents: Documents, folder: string, options: FolderOptions) {
    this.#documents = documents
    this.#options = options
    this.folder = resolve(folder)
    this.#prefix = options.prefix ?? `${this.folder.split(sep).join('/').replace(/\/$/, '')}/`
    this.#accepts = acceptor(options)
  }

  get files(): number {
    return this.#known.size
  }

  /** @throws QuiverError NOT_FOUND, LIMIT_EXCEEDED, STORAGE_FAILED: of the folder. ABORTED. What is wrong with a file is an event */
  async sync(): Promise<void> {
    throwIfAborted(this.#options.signal)
    const found = await scanFolder(this.folder, this.#accepts)
    await this.#removeMissing(found)
    const changed = [...found].filter(([path, stamp]) => !sameStamp(this.#known.get(path), stamp))
    for (let at = 0; at < changed.length; at += filesPerWrite) await this.#take(changed.slice(at, at + filesPerWrite))
    this.#looked = true
  }

  async #removeMissing(found: ReadonlyMap<string, FileStamp>): Promise<void> {
    const gone = [...this.#known.keys()].filter((path) => !found.has(path))
    for (const path of gone) this.#known.delete(path)
    if (this.#options.removeMissing === false) return
    const uris = this.#looked ? gone.map((path) => this.#prefix + path) : await this.#orphans(found)
    if (uris.length === 0) return
    await this.#documents.delete(uris)
    for (const uri of uris) this.#tell({ type: 'deleted', uri })
  }

  /** Documents of this folder whose files went while nobody looked. */
  async #orphans(found: ReadonlyMap<string, FileStamp>): Promise<string[]> {
    const orphans: string[] = []
    for (let after: string | undefined; ;) {
      const page = await this.#documents.list({
        where: { uri: { $startsWith: this.#prefix } },
        limit: listLimit,
        ...(after && { after }),
      })
      orphans.push(...page.documents.map(({ uri }) => uri).filter((uri) => !found.has(uri.slice(this.#prefix.length))))
      if (page.next === undefined) return orphans
      after = page.next
    }
  }

  async #take(files: readonly (readonly [string, FileStamp])[]): Promise<void> {
    const { metadata, signal } = this.#options
    const inputs: DocumentInput[] = []
    const taken: (readonly [string, FileStamp])[] = []
    for (const [path, stamp] of files) {
      throwIfAborted(signal)
      const uri = this.#prefix + path
      try {
        const { text, docType } = await readFileText(`${this.folder}${sep}${path}`)
        inputs.push({ uri, text, ...(docType && { docType }), ...(metadata && { metadata: metadata(path) }) })
        taken.push([path, stamp])
      } catch (error) {
        // It is looked at again when it changes.
        this.#known.set(path, stamp)
        this.#tell({ type: 'error', uri, error })
      }
    }
    if (inputs.length > 0) await this.#write(inputs, taken)
  }

  /** What fails together is tried one by one, so that one bad file keeps no other out. */
  async #write(inputs: readonly DocumentInput[], files: readonly (readonly [string, FileStamp])[]): Promise<void> {
    const { signal } = this.#options
    try {
      const { documents } = await this.#documents.upsert(inputs, { ...(signal && { signal }) })
      for (const [path, stamp] of files) this.#known.set(path, stamp)
      for (const { uri, status } of documents) this.#tell({ type: status, uri })
    } catch (error) {
      throwIfAborted(signal)
      if (inputs.length === 1) return this.#tell({ type: 'error', uri: inputs[0]!.uri!, error })
      for (const [at, input] of inputs.entries()) await this.#write([input], [files[at]!])
    }
  }

  #tell(event: FolderEvent): void {
    this.#options.onEvent?.(event)
  }
}

/**
 * The absolute paths of the files in a folder that would be taken in, sorted.
 * @throws QuiverError NOT_FOUND, LIMIT_EXCEEDED, STORAGE_FAILED
 */
export async function folderFiles(folder: string, options: Pick<FolderOptions, 'extensions' | 'ignore'> = {}): Promise<string[]> {
  const found = await scanFolder(resolve(folder), acceptor(options))
  return [...found.keys()].sort().map((path) => resolve(folder, path))
}

/**
 * Takes the text files of a folder in, once: new and changed ones are written, and documents whose files are gone are removed.
 *
 * @example
 * ```ts
 * await syncFolder(notes.documents, './notes', { extensions: ['md'], onEvent: console.log })
 * ```
 * @throws QuiverError NOT_FOUND, LIMIT_EXCEEDED, STORAGE_FAILED, ABORTED. What is wrong with a single file is an event
 */
export async function syncFolder(documents: Documents, folder: string, options: FolderOptions = {}): Promise<void> {
  const folderSync = new FolderSync(documents, folder, options)
  await folderSync.sync()
  options.onEvent?.({ type: 'ready', files: folderSync.files })
}

function acceptor({ extensions, ignore = isHidden }: FolderOptions): (path: string) => boolean {
  const endings = extensions?.map((ending) => `.${ending.replace(/^\./, '').toLowerCase()}`)
  return (path) => {
    if (ignore(path)) return false
    return path.endsWith('/') || !endings || endings.some((ending) => path.toLowerCase().endsWith(ending))
  }
}

function isHidden(path: string): boolean {
  const name = path.replace(/\/$/, '').split('/').at(-1)!
  return name.startsWith('.') || name === 'node_modules'
}

function sameStamp(a: FileStamp | undefined, b: FileStamp): boolean {
  return a !== undefined && a.mtimeMs === b.mtimeMs && a.size === b.size
}

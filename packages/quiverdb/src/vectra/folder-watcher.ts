import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { extensionOf, fileBytesMaxDefault, readTextFile, type SkipReason, skipReasonOf } from './text-files.js'
import { Turns } from './turns.js'
import { VectraError } from './vectra-error.js'
import { isBelow, realPath, treeBelow } from './watched-files.js'

/** What a watcher does with an index: a `LocalDocumentIndex` can. */
export interface WatchedIndex {
  readonly folderPath: string
  upsertDocument(uri: string, text: string, docType?: string): Promise<unknown>
  deleteDocument(uri: string): Promise<void>
  listDocumentUris(): Promise<string[]>
}

export interface FolderWatcherConfig {
  index: WatchedIndex
  /** Folders, with those below them, and files. */
  paths: string[]
  /** Extensions of the files that are documents, with or without a dot, in any case. Default: all. */
  extensions?: string[]
  /** How long a file must be left alone before it is read. Default: 500. */
  debounceMs?: number
  /** Largest file that is read. Default: 64 MiB. */
  bytesMax?: number
  /** At the start, delete documents below `paths` whose files are gone. Default: false: only what is deleted while this watches. */
  removeMissing?: boolean
}

/** Events. A file that is no text, or too large, is skipped. */
export interface FolderWatcherEvents {
  sync: [uri: string, action: 'added' | 'updated' | 'deleted']
  skip: [uri: string, reason: SkipReason]
  error: [error: Error, uri: string]
  ready: []
}

const debounceMsDefault = 500

/**
 * Keeps the documents of an index as the files of folders are. The uri of a document is the path of its file; one that has not changed is
 * not embedded again. The index's own folder is left out.
 *
 * @example
 * ```ts
 * const watcher = new FolderWatcher({ index, paths: ['./notes'], extensions: ['md'] })
 * watcher.on('sync', (uri, action) => console.log(action, uri))
 * watcher.on('error', (error, uri) => console.error(uri, error.message))
 * await watcher.start()
 * ```
 */
export class FolderWatcher extends EventEmitter<FolderWatcherEvents> {
  readonly #index: WatchedIndex
  readonly #extensions: ReadonlySet<string> | undefined
  readonly #debounceMs: number
  readonly #bytesMax: number
  readonly #removeMissing: boolean
  #paths: string[]
  /** When each file was changed that is in the index, in milliseconds. @internal Its name is Vectra's, like those of the next. */
  readonly _tracked = new Map<string, number>()
  /** @internal */
  readonly _dirWatchers = new Map<string, fs.FSWatcher>()
  /** @internal */
  _watchers: fs.FSWatcher[] = []
  /** @internal */
  _running = false
  /** When each file was changed that is not read. */
  readonly #skipped = new Map<string, number>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #turns = new Turns()

  constructor({ index, paths, extensions, debounceMs, bytesMax, removeMissing }: FolderWatcherConfig) {
    super()
    this.#index = index
    this.#paths = [...paths]
    this.#extensions = extensions?.length
      ? new Set(extensions.map((extension) => extension.replace(/^\./, '').toLowerCase()))
      : undefined
    this.#debounceMs = debounceMs ?? debounceMsDefault
    this.#bytesMax = bytesMax ?? fileBytesMaxDefault
    this.#removeMissing = removeMissing ?? false
  }

  get isRunning(): boolean {
    return this._running
  }

  /** Files that are in the index as they are. */
  get trackedFileCount(): number {
    return this._tracked.size
  }

  /** Brings the index up to date, then follows changes until `stop`. @throws VectraError CONFLICT: it does so already */
  async start(): Promise<void> {
    if (this._running) throw new VectraError('CONFLICT', 'FolderWatcher is already running')
    this._running = true
    this.#paths = await Promise.all(this.#paths.map((one) => realPath(one)))
    await this.#syncAll(this.#removeMissing)
    for (const one of this.#paths) await this.#watch(one)
    this.emit('ready')
  }

  /** Follows no more changes; resolves when what was begun is done. */
  async stop(): Promise<void> {
    this._running = false
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    for (const watcher of this._watchers) watcher.close()
    this._watchers = []
    this._dirWatchers.clear()
    await this.#inTurn(async () => {})
  }

  /** Looks at all files. Returns how many were added, updated or deleted. */
  async sync(): Promise<number> {
    return this.#syncAll(false)
  }

  /** @internal A file or folder may have been made, changed or deleted. */
  async _processEvent(changed: string): Promise<void> {
    if (!this._running) return
    const status = await fs.promises.stat(changed).catch(() => undefined)
    if (status?.isDirectory()) {
      await this.#watchTree(changed)
      await this.#inTurn(async () => {
        for (const file of (await this.#treeBelow(changed)).files) await this.#syncFile(file)
      })
    } else if (status === undefined && this._dirWatchers.has(changed)) {
      await this.#folderIsGone(changed)
    } else if (this._tracked.has(changed) || this.#isWanted(changed)) this.#syncLater(changed)
  }

  /** @internal */
  _handleEvent(changed: string): void {
    this._processEvent(changed).catch((error: unknown) => this.#report(error, changed))
  }

  /** @internal */
  _addDirectoryWatch(folder: string): void {
    if (this._dirWatchers.has(folder)) return
    const watcher = this.#watchPath(folder, (name) => this._handleEvent(name === null ? folder : path.join(folder, name)))
    if (watcher) this._dirWatchers.set(folder, watcher)
  }

  /** @internal */
  _watchFile(file: string): void {
    this.#watchPath(file, () => this._handleEvent(file))
  }

  #watchPath(watched: string, onChange: (name: string | null) => void): fs.FSWatcher | undefined {
    try {
      const watcher = fs.watch(watched, (_event, name) => onChange(name))
      watcher.on('error', (error: Error) => {
        this.#unwatch(watched, watcher)
        this.#report(error, watched)
      })
      this._watchers.push(watcher)
      return watcher
    } catch (error) {
      this.#report(error, watched)
      return undefined
    }
  }

  #unwatch(watched: string, watcher: fs.FSWatcher): void {
    watcher.close()
    if (this._dirWatchers.get(watched) === watcher) this._dirWatchers.delete(watched)
    this._watchers = this._watchers.filter((one) => one !== watcher)
  }

  async #watch(one: string): Promise<void> {
    const status = await fs.promises.stat(one).catch(() => undefined)
    if (status?.isDirectory()) await this.#watchTree(one)
    else if (status) this._watchFile(one)
  }

  async #watchTree(folder: string): Promise<void> {
    for (const one of (await this.#treeBelow(folder)).folders) this._addDirectoryWatch(one)
  }

  async #folderIsGone(folder: string): Promise<void> {
    for (const [watched, watcher] of this._dirWatchers) if (isBelow(watched, folder)) this.#unwatch(watched, watcher)
    await this.#inTurn(async () => {
      for (const file of [...this._tracked.keys()].filter((one) => isBelow(one, folder))) await this.#deleteFile(file)
    })
  }

  #syncLater(file: string): void {
    clearTimeout(this.#timers.get(file))
    const timer = setTimeout(() => {
      this.#timers.delete(file)
      void this.#inTurn(() => this.#syncFile(file))
    }, this.#debounceMs)
    this.#timers.set(file, timer)
  }

  #syncAll(removeMissing: boolean): Promise<number> {
    return this.#inTurn(async () => {
      const files = new Set<string>()
      for (const one of this.#paths) for (const file of (await this.#treeBelow(one)).files) files.add(file)
      let changes = 0
      for (const file of files) if (await this.#syncFile(file)) changes++
      const known = removeMissing ? (await this.#index.listDocumentUris()).filter((uri) => this.#isOurs(uri)) : []
      for (const file of new Set([...this._tracked.keys(), ...known]))
        if (!files.has(file) && (await this.#deleteFile(file))) changes++
      return changes
    })
  }

  /** Whether the index was changed. */
  async #syncFile(file: string): Promise<boolean> {
    try {
      const status = await fs.promises.stat(file).catch(() => undefined)
      if (!status?.isFile()) return this._tracked.has(file) && (await this.#deleteFile(file))
      const { mtimeMs, size } = status
      if (this._tracked.get(file) === mtimeMs || this.#skipped.get(file) === mtimeMs) return false
      const text = await this.#read(file, mtimeMs, size)
      if (text === undefined) return this._tracked.has(file) && (await this.#deleteFile(file))
      await this.#index.upsertDocument(file, text, extensionOf(file))
      const action = this._tracked.has(file) ? 'updated' : 'added'
      this._tracked.set(file, mtimeMs)
      this.emit('sync', file, action)
      return true
    } catch (error) {
      this.#report(error, file)
      return false
    }
  }

  async #read(file: string, mtimeMs: number, size: number): Promise<string | undefined> {
    try {
      return await readTextFile(file, this.#bytesMax, size)
    } catch (error) {
      const reason = skipReasonOf(error)
      if (reason === undefined) throw error
      this.#skipped.set(file, mtimeMs)
      this.emit('skip', file, reason)
      return undefined
    }
  }

  async #deleteFile(file: string): Promise<boolean> {
    try {
      await this.#index.deleteDocument(file)
      this._tracked.delete(file)
      this.emit('sync', file, 'deleted')
      return true
    } catch (error) {
      this.#report(error, file)
      return false
    }
  }

  async #treeBelow(one: string): Promise<{ files: string[]; folders: string[] }> {
    const { files, folders } = await treeBelow(one, await realPath(this.#index.folderPath))
    return { files: files.filter((file) => this.#isWanted(file)), folders }
  }

  #isWanted(file: string): boolean {
    return this.#extensions === undefined || this.#extensions.has(extensionOf(file) ?? '')
  }

  /** Whether a document may be that of a file that is watched. */
  #isOurs(uri: string): boolean {
    return path.isAbsolute(uri) && this.#isWanted(uri) && this.#paths.some((one) => isBelow(uri, one))
  }

  /** One thing after the other: a file is never read by two at the same time. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    return this.#turns.run(action)
  }

  /** Nobody need listen; without a listener, `emit` would throw. */
  #report(error: unknown, uri: string): void {
    const reported = error instanceof Error ? error : new VectraError('INTERNAL', String(error))
    if (this.listenerCount('error') > 0) this.emit('error', reported, uri)
  }
}

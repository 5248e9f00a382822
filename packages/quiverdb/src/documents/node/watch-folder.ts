import { watch, type FSWatcher } from 'node:fs'
import { QuiverError } from '../../errors.js'
import type { Documents } from '../documents.js'
import { FolderSync, type FolderOptions } from './folder-sync.js'

export interface WatchOptions extends FolderOptions {
  /** How long it must be quiet before changes are taken in, in milliseconds. Default: 300. */
  debounceMs?: number
  /** The folder is looked through this often even if nothing was heard: network folders tell of nothing. 0: never. Default: 10,000. */
  pollMs?: number
}

const debounceMsDefault = 300
const pollMsDefault = 10_000

/** A folder that is watched. */
export class FolderWatch {
  readonly #sync: FolderSync
  readonly #options: WatchOptions
  readonly #stop = new AbortController()
  #watcher: FSWatcher | undefined
  #poll: NodeJS.Timeout | undefined
  #quiet: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #pending = false

  constructor(documents: Documents, folder: string, options: WatchOptions) {
    this.#options = options
    this.#sync = new FolderSync(documents, folder, { ...options, signal: this.#stop.signal })
    options.signal?.addEventListener('abort', () => void this.stop(), { once: true })
  }

  /** Takes in what is there, then watches. Used by {@link watchFolder}. */
  async start(): Promise<void> {
    // Watching begins first, so that nothing that happens meanwhile is missed.
    this.#listen()
    try {
      await this.#sync.sync()
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#tell({ type: 'ready', files: this.#sync.files })
    const { pollMs = pollMsDefault } = this.#options
    if (pollMs > 0 && !this.#stop.signal.aborted) this.#poll = setInterval(() => void this.#look(), pollMs)
  }

  /** Looks through the folder now. Resolves when what has changed is taken in. */
  sync(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(new QuiverError('CLOSED', 'The folder is not watched any longer.'))
    return this.#look()
  }

  /** Ends watching; a write that has begun is waited for. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#watcher?.close()
    clearInterval(this.#poll)
    clearTimeout(this.#quiet)
    await this.#running
  }

  #listen(): void {
    try {
      this.#watcher = watch(this.#sync.folder, { recursive: true }, () => this.#heard())
      // Without it the folder is still looked through from time to time.
      this.#watcher.on('error', (error) => this.#tell({ type: 'error', error }))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#tell({ type: 'error', error })
    }
  }

  #heard(): void {
    clearTimeout(this.#quiet)
    if (this.#stop.signal.aborted) return
    this.#quiet = setTimeout(() => void this.#look(), this.#options.debounceMs ?? debounceMsDefault)
  }

  /** One look at a time; any number of calls meanwhile are one more. */
  #look(): Promise<void> {
    if (this.#pending) return this.#running
    this.#pending = true
    this.#running = this.#running.then(async () => {
      this.#pending = false
      if (this.#stop.signal.aborted) return
      try {
        await this.#sync.sync()
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#tell({ type: 'error', error })
      }
    })
    return this.#running
  }

  #tell(event: Parameters<NonNullable<FolderOptions['onEvent']>>[0]): void {
    this.#options.onEvent?.(event)
  }
}

/**
 * Takes the text files of a folder in and follows their changes until it is stopped. Resolves when what was there is taken in.
 *
 * @example
 * ```ts
 * const watch = await watchFolder(notes.documents, './notes', { extensions: ['md', 'txt'], onEvent: console.log })
 * await watch.stop()
 * ```
 * @throws QuiverError NOT_FOUND, LIMIT_EXCEEDED, STORAGE_FAILED, ABORTED. What is wrong with a single file, or later, is an event
 */
export async function watchFolder(documents: Documents, folder: string, options: WatchOptions = {}): Promise<FolderWatch> {
  if (options.signal?.aborted) throw new QuiverError('ABORTED', 'Watching was aborted.', { cause: options.signal.reason })
  const folderWatch = new FolderWatch(documents, folder, options)
  await folderWatch.start()
  return folderWatch
}

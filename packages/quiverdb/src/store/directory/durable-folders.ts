import { folderOf } from '../keys.js'
import { codeOf } from './failures.js'
import type { FileSystem } from './file-system.js'

/** Folders remembered as durable; beyond this the memory starts anew, which costs a few syncs and nothing else. */
const foldersRememberedMax = 10_000

/**
 * Makes folders and their entries survive power loss. Callers that wait for the same folder share one fsync: it must begin
 * after a caller's change, so a caller that comes while one runs is served by the next.
 */
export class DurableFolders {
  readonly #root: string
  readonly #fs: FileSystem
  readonly #known = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #waiting = new Map<string, Promise<void>>()

  constructor(root: string, fs: FileSystem) {
    this.#root = root
    this.#fs = fs
  }

  /** The path of a folder of keys; `''` is the root. */
  pathOf(folder: string): string {
    return folder === '' ? this.#root : `${this.#root}/${folder}`
  }

  /**
   * Makes the folder and those above it, each durable in its own parent. A folder that another process made may not be synced
   * yet, so the first use by this process syncs as well.
   */
  async ensure(folder: string): Promise<void> {
    if (folder === '' || this.#known.has(folder)) return
    const parent = folderOf(folder)
    await this.ensure(parent)
    try {
      await this.#fs.mkdir(this.pathOf(folder))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    await this.sync(parent)
    if (this.#known.size >= foldersRememberedMax) this.#known.clear()
    this.#known.add(folder)
  }

  /** Somebody removed the folder: makes sure that {@link ensure} looks again. */
  forget(folder: string): void {
    for (let at = folder; at !== ''; at = folderOf(at)) this.#known.delete(at)
  }

  /** Resolves when every name that was in the folder at the time of the call survives power loss. */
  sync(folder: string): Promise<void> {
    const running = this.#running.get(folder)
    if (!running) return this.#start(folder)
    let next = this.#waiting.get(folder)
    if (!next) {
      const start = () => {
        this.#waiting.delete(folder)
        return this.#start(folder)
      }
      next = running.then(start, start)
      this.#waiting.set(folder, next)
    }
    return next
  }

  #start(folder: string): Promise<void> {
    const done = () => {
      if (this.#running.get(folder) === run) this.#running.delete(folder)
    }
    const run = this.#fs.syncDirectory(this.pathOf(folder)).finally(done)
    this.#running.set(folder, run)
    return run
  }
}

/** Makes the folder and those above it; each new one is synced into its parent. */
export async function makeFolders(fs: FileSystem, path: string): Promise<void> {
  if (fs.statPathSync(path)) return
  const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.'
  await makeFolders(fs, parent)
  try {
    await fs.mkdir(path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  await fs.syncDirectory(parent)
}

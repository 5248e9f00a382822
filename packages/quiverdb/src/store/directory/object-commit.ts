import { QuiverError } from '../../errors.js'
import { folderOf } from '../keys.js'
import type { DurableFolders } from './durable-folders.js'
import { codeOf, unknownOutcome } from './failures.js'
import type { FileSystem } from './file-system.js'
import { objectExists } from './object-files.js'
import type { StagedFiles } from './staged-files.js'

/** How file systems say that they have no hard links. */
const linkRefusedCodes: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EINVAL']
/** How they say that the name is taken; Windows answers EPERM or EACCES when a folder would replace something. */
const takenCodes: readonly string[] = ['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR', 'EPERM', 'EACCES']
/** After these the name may exist all the same. */
const uncertainCodes: readonly string[] = ['EIO', 'ETIMEDOUT', 'ESTALE', 'EINTR']
/** A folder or object that another process removes at the same moment is worth another try, not an endless one. */
const attemptsMax = 3

/**
 * Gives a staged file its key, if the key is free: by `link`, or where the file system has no hard links by renaming a folder
 * that holds the file. Each refuses what the other made, so processes that disagree are still exclusive.
 */
export class ObjectCommit {
  readonly #fs: FileSystem
  readonly #folders: DurableFolders
  readonly #staged: StagedFiles
  #linksRefused = false

  constructor(fs: FileSystem, folders: DurableFolders, staged: StagedFiles) {
    this.#fs = fs
    this.#folders = folders
    this.#staged = staged
  }

  /** Visible when it resolves, durable once the key's folder is synced. */
  async run(stagedPath: string, key: string): Promise<'created' | 'exists'> {
    let failure: unknown
    let wrapped: string | undefined
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        await this.#folders.ensure(folderOf(key))
        if (this.#linksRefused) wrapped ??= await this.#staged.wrap(stagedPath)
        await this.#name(wrapped ?? stagedPath, key, wrapped !== undefined)
        return 'created'
      } catch (error) {
        failure = error
        const code = codeOf(error)
        if (takenCodes.includes(code) && objectExists(this.#fs, this.#folders.pathOf(key))) return 'exists'
        if (uncertainCodes.includes(code)) throw unknownOutcome(error, key)
        if (code === 'ENOENT') this.#folders.forget(folderOf(key))
        else if (!wrapped && linkRefusedCodes.includes(code)) this.#linksRefused = true
        else if (!takenCodes.includes(code)) throw error
      }
    }
    if (codeOf(failure) !== 'EEXIST' && codeOf(failure) !== 'ENOTDIR') throw failure
    throw new QuiverError('STORAGE_FAILED', `${key} cannot be created: part of its path is taken by another object or folder.`, {
      cause: failure,
    })
  }

  async #name(path: string, key: string, isFolder: boolean): Promise<void> {
    const target = this.#folders.pathOf(key)
    if (isFolder) await this.#fs.rename(path, target)
    else await this.#fs.link(path, target)
  }
}

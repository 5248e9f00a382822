import type { IndexHead } from './codecs/index-codec.js'
import { ItemChanges } from './item-changes.js'
import type { ItemTable } from './item-table.js'
import type { IndexFile } from './index-file.js'
import { Turns } from './turns.js'
import type { MetadataFileContent } from './item-changes.js'
import { VectraError } from './vectra-error.js'

/** How often a save is tried whose file something else changes meanwhile. */
const attemptsMax = 5

/** Writes a file of metadata. */
export type WriteMetadata = (file: MetadataFileContent) => Promise<void>

interface WaitingWrite {
  stage(changes: ItemChanges): unknown
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** An update that a caller has begun. */
interface OpenUpdate {
  /** Resolves when changes can be made. */
  readonly begun: Promise<ItemChanges>
  /** While it is being saved. */
  saving?: Promise<void>
}

/**
 * The items of an index in memory, and the way from there to its file. Writes outside of an update that come at the same time are saved
 * together, and one that is refused is refused alone. What a caller is told is in the file.
 */
export class ItemStore {
  readonly #file: IndexFile
  readonly #writeMetadata: WriteMetadata
  readonly #turns = new Turns()
  #table: ItemTable | undefined
  #loading: Promise<ItemTable> | undefined
  #update: OpenUpdate | undefined
  #waiting: WaitingWrite[] = []

  constructor(file: IndexFile, writeMetadata: WriteMetadata) {
    this.#file = file
    this.#writeMetadata = writeMetadata
  }

  get hasUpdate(): boolean {
    return this.#update !== undefined
  }

  /** The items as they were saved last. @throws VectraError NOT_FOUND, CORRUPT */
  async table(): Promise<ItemTable> {
    return this.#table ?? (await this.#load())
  }

  /** Writes an empty index, after `prepare`. */
  create(head: IndexHead, prepare: () => Promise<void>): Promise<void> {
    return this.#turns.run(async () => {
      await prepare()
      this.#update = undefined
      this.#table = await this.#file.create(head)
    })
  }

  /** Forgets all, after `remove`. */
  delete(remove: () => Promise<void>): Promise<void> {
    return this.#turns.run(async () => {
      await remove()
      this.#table = undefined
      this.#update = undefined
    })
  }

  /** @throws VectraError CONFLICT: there is one already; NOT_FOUND, CORRUPT */
  async begin(): Promise<void> {
    if (this.#update) throw new VectraError('CONFLICT', 'Update already in progress')
    const begun = this.#turns.run(async () => new ItemChanges(await this.#newest()))
    const update = (this.#update = { begun })
    try {
      await begun
    } catch (error) {
      if (this.#update === update) this.#update = undefined
      throw error
    }
  }

  cancel(): void {
    if (!this.#update?.saving) this.#update = undefined
  }

  /** Saves the update. It stays open when that fails. @throws VectraError INVALID_ARGUMENT: there is none; STORAGE_FAILED */
  async end(): Promise<void> {
    const update = this.#update
    if (!update) throw new VectraError('INVALID_ARGUMENT', 'No update in progress')
    update.saving ??= this.#saveUpdate(update)
    await update.saving
  }

  async #saveUpdate(update: OpenUpdate): Promise<void> {
    try {
      const changes = await update.begun
      await this.#turns.run(() => this.#locked(() => this.#save(changes, 'index')))
      if (this.#update === update) this.#update = undefined
    } finally {
      update.saving = undefined
    }
  }

  /** Puts what is in the journal into the index file. */
  flush(): Promise<void> {
    return this.#turns.run(async () => {
      if (!this.#file.hasJournal) return
      await this.#locked(async () => this.#save(new ItemChanges(await this.#newest()), 'index'))
    })
  }

  /** Makes changes: in the open update, or else in one of their own, which is saved when this resolves. They are all made or, if `stage` throws, none. */
  async write<T>(stage: (changes: ItemChanges) => T): Promise<T> {
    for (let update = this.#update; update; update = this.#update) {
      const changes = await update.begun
      // Whoever comes while an update is being saved is not part of it.
      if (update.saving) await update.saving.catch(() => {})
      else if (this.#update === update) return stage(changes)
    }
    return this.writeAlone(stage)
  }

  /** Like `write`, but never in an open update. */
  writeAlone<T>(stage: (changes: ItemChanges) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ stage, resolve, reject })
      if (this.#waiting.length === 1) void this.#turns.run(() => this.#writeWaiting())
    })
  }

  async #writeWaiting(): Promise<void> {
    const writes = this.#waiting
    this.#waiting = []
    if ((await this.#writeTogether(writes)) || writes.length === 1) return
    // What one of them brings cannot be written; the others are not to suffer.
    for (const write of writes) await this.#writeTogether([write])
  }

  /** Returns false when several could not be saved together; nobody has been told anything then. */
  async #writeTogether(writes: readonly WaitingWrite[]): Promise<boolean> {
    try {
      const outcomes = await this.#locked(() => this.#stageAndSave(writes))
      for (const tell of outcomes) tell()
      return true
    } catch (error) {
      if (writes.length > 1) return false
      writes[0]!.reject(error)
      return true
    }
  }

  /** Returns what is to be told when all is saved. */
  async #stageAndSave(writes: readonly WaitingWrite[]): Promise<(() => void)[]> {
    const changes = new ItemChanges(await this.#newest())
    const outcomes = writes.map((write) => {
      try {
        const value = write.stage(changes)
        return () => write.resolve(value)
      } catch (error) {
        return () => write.reject(error)
      }
    })
    if (!changes.isEmpty) await this.#save(changes, 'journal')
    return outcomes
  }

  /** @throws VectraError STORAGE_FAILED, ALREADY_EXISTS: somebody else has inserted one of the items */
  async #save(changes: ItemChanges, where: 'index' | 'journal'): Promise<void> {
    try {
      for (let attempt = 1; ; attempt++) {
        changes.rebase(await this.#newest())
        try {
          await Promise.all(Array.from(changes.files, (file) => this.#writeMetadata(file)))
          return await (where === 'index' ? this.#file.write(changes) : this.#file.add(changes))
        } catch (error) {
          // Somebody who knows no locks was quicker: what he wrote comes first.
          if (attempt === attemptsMax || !(error instanceof VectraError && error.code === 'CONFLICT')) throw error
        }
      }
    } catch (error) {
      if (error instanceof VectraError && error.code === 'ALREADY_EXISTS') throw error
      throw new VectraError('STORAGE_FAILED', `Error saving index: ${error}`, { cause: error })
    }
  }

  /** Runs an action while nobody else writes. An index that is not there has no lock. */
  async #locked<T>(action: () => Promise<T>): Promise<T> {
    if (!(await this.#file.exists())) return action()
    try {
      return await this.#file.withLock(action)
    } catch (error) {
      if (error instanceof VectraError) throw error
      throw new VectraError('STORAGE_FAILED', `Error saving index: ${error}`, { cause: error })
    }
  }

  /** The items as they are in the file, also when somebody else has written it. */
  async #newest(): Promise<ItemTable> {
    if (this.#table && (await this.#file.changed())) this.#table = undefined
    return this.table()
  }

  async #load(): Promise<ItemTable> {
    this.#loading ??= this.#file.read().finally(() => (this.#loading = undefined))
    return (this.#table = await this.#loading)
  }
}

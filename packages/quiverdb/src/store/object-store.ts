/** A part of an object: `start` inclusive, `end` exclusive, in bytes. An end beyond the object is cut to its size. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The only thing that differs between a folder, memory, a browser and S3. Keys are `/`-separated paths of
 * `[A-Za-z0-9._%@-]` segments of at most 200 characters, none `.` or `..`, the first not `.tmp`; no key is the folder of
 * another (`a` and `a/b`). Objects never change once written, but for heartbeats, whose keys hold `/pin/`.
 *
 * Every commit rests on one primitive, {@link ObjectStore.putNew}: of any number of writers, in any number of
 * processes, exactly one creates a key, and once it says `created` the bytes survive power loss.
 */
export interface ObjectStore {
  /** How the store was named when it was opened, e.g. `./data` or `memory:`. For messages. */
  readonly name: string
  readonly capabilities: StoreCapabilities
  /** Present where reads can be answered at once; see {@link SynchronousReads}. */
  readonly sync?: SynchronousReads

  /**
   * Creates the object if the key is absent.
   * @throws QuiverError STORAGE_FULL or STORAGE_FAILED: the object was not created.
   * @throws QuiverError COMMIT_UNKNOWN: it may have been created; repeat the same call with the same bytes to find out.
   */
  putNew(key: string, body: Uint8Array): Promise<'created' | 'exists'>
  /**
   * Writes an object durably under a key that nobody else writes (a fresh UUID, or this process's own heartbeat). Several
   * chunks become one object; they must not change until it is done.
   * @throws QuiverError STORAGE_FULL or STORAGE_FAILED: repeat it, or leave it as garbage.
   */
  put(key: string, body: Uint8Array | readonly Uint8Array[]): Promise<void>
  /** The object or the given part of it; null when there is none. @throws QuiverError STORAGE_FAILED */
  get(key: string, range?: ByteRange): Promise<Uint8Array | null>
  /** Keys that begin with `prefix`, in ascending order of their UTF-16 code units, behind `after`, at most `limit` of them. */
  list(prefix: string, options?: { after?: string; limit?: number }): AsyncIterable<string>
  /** Idempotent, and not a commit: after power loss some may be there again. */
  delete(keys: readonly string[]): Promise<void>
  /** Releases what the store holds open. Using it afterwards throws CLOSED. */
  close(): Promise<void>
}

export interface StoreCapabilities {
  /** What `putNew` and `put` acknowledged survives power loss. */
  readonly durable: boolean
  /** Other processes may hold the same objects. */
  readonly shared: boolean
  readonly objectBytesMax: number
}

/** Reads that do not wait: a folder answers a re-rank read in a microsecond, where a promise would cost tens. */
export interface SynchronousReads {
  /** Reads are copies within memory, so that there is no use in keeping what was read. Default: false. */
  readonly inMemory?: boolean
  exists(key: string): boolean
  get(key: string, range?: ByteRange): Uint8Array | null
  /** Fills `target` from byte `start` of the object; returns the bytes read (fewer at its end), or -1 when there is no such object. */
  readInto(key: string, start: number, target: Uint8Array): number
}

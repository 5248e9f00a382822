import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { QuiverError } from 'quiverdb'
import { isOver, keyRecord, type KeyRecord, type Role } from './key-record.js'

const idBytes = 6
const secretBytes = 32
/** `quiver_<id>_<secret>`: no dots, so that nobody takes it for a JWT. */
const keyText = /^quiver_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/
const fileName = /^([0-9a-f]{12})[.]json$/
const pollMs = 1_000
/** Changes so shortly after each other may leave one time on the folder: until it is older, it is read again. */
const settledMs = 2_000

export interface NewKey {
  role: Role
  /** Namespaces that the key may see; `*`: all. */
  namespaces: '*' | readonly string[]
  name?: string
  /** Default: never. */
  expires?: Date
}

/**
 * The API keys of a server: a folder with a file for each key, which holds the SHA-256 of its secret. A secret is 256 random bits, so nobody can try
 * them all, and a slow hash would only slow every request (`docs/decisions/0026-http-server.md`).
 *
 * @example
 * ```ts
 * const keys = await ApiKeys.open('./data/keys')
 * const { key } = await keys.create({ role: 'write', namespaces: ['default'], name: 'ci' })
 * ```
 */
export class ApiKeys {
  readonly #folder: string
  #keys = new Map<string, KeyRecord>()
  #folderTime = -1
  #required = false
  #timer: NodeJS.Timeout | undefined

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** @param folder made when the first key is @throws QuiverError CORRUPT */
  static async open(folder: string): Promise<ApiKeys> {
    const keys = new ApiKeys(folder)
    await keys.#read()
    return keys
  }

  /** Whether requests need a key. Once there was one they do, also when the last is revoked: what was closed never becomes open by itself. */
  get required(): boolean {
    return this.#required
  }

  /** Makes a key. Its text is returned here and can never be read again. */
  async create({ role, namespaces, name = '', expires }: NewKey): Promise<{ key: string; record: KeyRecord }> {
    const id = randomBytes(idBytes).toString('hex')
    const secret = randomBytes(secretBytes).toString('base64url')
    const record = keyRecord({
      id,
      name,
      role,
      namespaces,
      hash: hashOf(secret).toString('hex'),
      created: new Date().toISOString(),
      ...(expires && { expires: expires.toISOString() }),
    })
    await this.#write(record)
    return { key: `quiver_${id}_${secret}`, record }
  }

  /** All keys, the revoked ones too, oldest first. */
  async list(): Promise<KeyRecord[]> {
    await this.#read()
    return [...this.#keys.values()].sort((a, b) => (a.created < b.created ? -1 : 1))
  }

  /** Takes effect in a running server within a second or two. @throws QuiverError NOT_FOUND */
  async revoke(id: string): Promise<KeyRecord> {
    await this.#read()
    const record = this.#keys.get(id)
    if (!record)
      throw new QuiverError('NOT_FOUND', `There is no key '${id}'. quiver keys list shows the ids.`, { details: { id } })
    const revoked: KeyRecord = { ...record, revoked: record.revoked ?? new Date().toISOString() }
    await this.#write(revoked)
    return revoked
  }

  /** A key by its id, as it was last read. */
  find(id: string): KeyRecord | undefined {
    return this.#keys.get(id)
  }

  /** The key that a request brought, or undefined where it is none of ours or no longer. */
  verify(text: string): KeyRecord | undefined {
    const [, id = '', secret = ''] = keyText.exec(text) ?? []
    const record = this.#keys.get(id)
    if (!record || isOver(record)) return undefined
    return timingSafeEqual(hashOf(secret), Buffer.from(record.hash, 'hex')) ? record : undefined
  }

  /** Takes in what other processes do to the keys, until `close`. */
  watch(onError: (error: unknown) => void): void {
    this.#timer ??= setInterval(() => void this.#refresh().catch(onError), pollMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #refresh(): Promise<void> {
    const time = await folderTime(this.#folder)
    if (time !== this.#folderTime || Date.now() - time < settledMs) await this.#read()
  }

  async #read(): Promise<void> {
    const time = await folderTime(this.#folder)
    const names = time < 0 ? [] : await readdir(this.#folder)
    const records = await Promise.all(names.filter((name) => fileName.test(name)).map((name) => this.#readOne(name)))
    this.#keys = new Map(records.map((record) => [record.id, record]))
    this.#folderTime = time
    this.#required ||= records.length > 0
  }

  async #readOne(name: string): Promise<KeyRecord> {
    const path = join(this.#folder, name)
    try {
      const record = keyRecord(JSON.parse(await readFile(path, 'utf8')))
      if (record.id === fileName.exec(name)?.[1]) return record
    } catch (cause) {
      throw new QuiverError('CORRUPT', `${path} is not the file of an API key.`, { details: { path }, cause })
    }
    throw new QuiverError('CORRUPT', `${path} holds another key than its name says.`, { details: { path } })
  }

  /** The file is whole under its name or not there: it is renamed to it when its bytes are on disk. */
  async #write(record: KeyRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const path = join(this.#folder, `${record.id}.json`)
    const staged = `${path}.${randomBytes(idBytes).toString('hex')}`
    const file = await open(staged, 'wx', 0o600)
    try {
      await file.writeFile(`${JSON.stringify(record)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(staged, path)
    await this.#read()
  }
}

/** When something was last made, renamed or removed in the folder, in milliseconds; -1 where there is none. */
async function folderTime(folder: string): Promise<number> {
  try {
    return (await stat(folder)).mtimeMs
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return -1
    throw error
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

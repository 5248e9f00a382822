import { expect } from 'vitest'
import { Database } from '../database/database.js'
import { QuiverError } from '../errors.js'
import type { Collection, CollectionVersion, IndexOptions } from '../index.js'
import { MemoryObjects, MemoryStore } from '../store/memory-store.js'
import type { ObjectStore } from '../store/object-store.js'
import { TestEmbedder } from './test-embedder.js'

export type Note = {
  id: string
  body?: unknown
  label?: string
  n?: number
  filler?: string
}

/** What must be true of the text of a record, told in another way than by the code that embeds. */
export function textOf({ body }: Note): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'object' && !Array.isArray(body)) return undefined
  const text = Array.isArray(body) ? body.filter((one) => typeof one === 'string').join(' ') : String(body)
  return text.trim() === '' ? undefined : text
}

const scopes: Readonly<Record<string, (note: Note) => boolean>> = {
  all: () => true,
  labelled: ({ label }) => label === 'a',
}

type ScopeName = keyof typeof scopes & string

const query = Float32Array.of(0.3, -0.2, 0.9, 0.1, -0.7, 0.4, 0.2, -0.5)

/** Two databases over one store, with managed indexes, beside a plain map of what is in them. */
export class ManagedWorld {
  readonly notes = new Map<string, Note>()
  readonly indexes = new Set<ScopeName>()
  model = new TestEmbedder('model-0')
  readonly versions: { version: string; model: TestEmbedder; indexes: ScopeName[] }[] = []
  readonly #objects = new MemoryObjects()
  readonly #wrap: (store: ObjectStore) => ObjectStore
  readonly #opened: Database[] = []
  readonly #current: (Database | undefined)[] = [undefined, undefined]
  readonly #background: Promise<unknown>[] = []

  /** @param wrap around the store of each database */
  constructor(wrap: (store: ObjectStore) => ObjectStore = (store) => store) {
    this.#wrap = wrap
  }

  async database(number: number): Promise<Database> {
    let db = this.#current[number]
    if (!db) {
      db = await Database.over(this.#wrap(new MemoryStore(this.#objects)), {
        maintenance: 'manual',
        tuning: {
          embedRetryMs: 1,
          embedRetryMsMax: 4,
          flushRows: 6,
          graphRowsMin: 6,
          tailRowsMax: 4,
          compactParts: 2,
          fieldRowsMin: 4,
        },
      })
      this.#opened.push(db)
      this.#current[number] = db
    }
    return db
  }

  async collection(number: number): Promise<Collection> {
    const collection = await (await this.database(number)).collection('notes')
    if (this.indexes.size > 0) await collection.embedWith('*', this.model)
    return collection
  }

  /** Forgets a database as a process that is killed does; what it has begun may still happen. */
  crash(number: number): void {
    this.#current[number] = undefined
  }

  async createIndex(number: number, name: ScopeName): Promise<void> {
    if (this.indexes.has(name)) return
    const where: Pick<IndexOptions, 'where'> = name === 'labelled' ? { where: { label: 'a' } } : {}
    await (
      await this.collection(number)
    ).createIndex({ name, field: 'body', source: 'managed', metric: 'l2', embedder: this.model, ...where })
    this.indexes.add(name)
  }

  async dropIndex(number: number, name: ScopeName): Promise<void> {
    if (!this.indexes.delete(name)) return
    await (await this.collection(number)).dropIndex(name)
  }

  async changeModel(number: number): Promise<void> {
    this.model = new TestEmbedder(`model-${Number(this.model.id.slice(6)) + 1}`)
    await this.collection(number)
  }

  /** Embeds while other things happen. */
  begin(work: Promise<unknown>): void {
    this.#background.push(
      work.catch((error: unknown) => {
        const expected = error instanceof QuiverError && ['CLOSED', 'ABORTED', 'NOT_FOUND'].includes(error.code)
        if (!expected) throw error
      }),
    )
  }

  async waitForBackground(): Promise<void> {
    await Promise.all(this.#background.splice(0))
  }

  /** Every vector is that of its record's text, by one model; none is there of a record without. */
  async verifyNoneStale(
    reader: Collection | CollectionVersion,
    indexes: Iterable<ScopeName>,
    model: TestEmbedder,
  ): Promise<void> {
    for (const index of indexes) {
      const { hits } = await reader.search({ index, vector: query, exact: true, limit: 1_000 })
      for (const { id, distance, record } of hits) {
        const note = record as unknown as Note
        const text = textOf(note)
        expect(text, `record ${id} of index ${index} has a text`).toBeDefined()
        expect(scopes[index]!(note), `record ${id} is in the scope of ${index}`).toBe(true)
        expect(distance, `record ${id} of index ${index}: ${text!}`).toBeCloseTo(squaredDistance(model.vectorOf(text!), query), 4)
      }
    }
  }

  /** In the end every record in scope has the vector of its text. */
  async verifyComplete(number: number): Promise<void> {
    const collection = await this.collection(number)
    const statuses = await collection.indexes()
    expect(statuses.map(({ name }) => name).sort()).toEqual([...this.indexes].sort())
    for (const { name, records, managed } of statuses) {
      const expected = [...this.notes.values()].filter((note) => scopes[name]!(note) && textOf(note) !== undefined)
      const { hits } = await collection.search({ index: name, vector: query, exact: true, limit: 1_000 })
      expect(hits.map(({ id }) => id).sort(), name).toEqual(expected.map(({ id }) => id).sort())
      const counts = { records: expected.length, embedded: expected.length, status: 'ready', refused: 0, embedder: this.model.id }
      expect(managed, name).toEqual(counts)
      expect(records, name).toBe(expected.length)
      const walked = await collection.search({ index: name, vector: query, limit: 1_000, ef: 1_000 })
      expect(walked.hits.map(({ id }) => id).sort(), name).toEqual(expected.map(({ id }) => id).sort())
    }
    await this.verifyNoneStale(collection, this.indexes, this.model)
    const { records } = await collection.list({ limit: 1_000 })
    expect(records).toEqual([...this.notes.values()].sort((a, b) => (a.id < b.id ? -1 : 1)))
    const { problems } = await (await this.database(number)).check()
    expect(problems).toEqual([])
  }

  async close(): Promise<void> {
    await this.waitForBackground()
    for (const db of this.#opened) await db.close()
  }
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0)
}

import { expect } from 'vitest'
import { randomSource } from '@quiverdb/testing'
import type { Collection } from '../collection/collection.js'
import type { Hit, SearchQuery } from '../collection/types.js'
import { Database, type OpenOptions } from '../database/database.js'
import { QuiverError } from '../errors.js'
import type { ObjectStore } from '../store/object-store.js'
import { expectExact, expectFiltered, expectRecords, expectWords, recall } from './expect-answers.js'
import { ReferenceCollection } from './reference-collection.js'

export const collectionNames = ['papers', 'notes'] as const
export type CollectionName = (typeof collectionNames)[number]
export type References = Readonly<Record<CollectionName, ReferenceCollection>>

interface KnownVersion {
  readonly references: References
  readonly named: boolean
  /** Approximate answers that were given at the version. */
  readonly answers: { collection: CollectionName; query: SearchQuery; hits: readonly Hit[] }[]
}

/** Small bounds, so that a few hundred rows take every path. */
export const smallTuning = {
  flushRows: 20,
  tailRowsMax: 30,
  graphRowsMin: 20,
  compactParts: 2,
  fieldRowsMin: 10,
  snapshotCommits: 10,
  backPressureRows: 10_000,
  idleMs: 3_600_000,
}

export interface WorldOptions extends OpenOptions {
  /** Opens the same objects each time, as another process would. */
  store(): Promise<ObjectStore>
}

/** Databases over one store, and what they must answer now and at each version before. */
export class World {
  readonly known = new Map<string, KnownVersion>()
  references: References = { papers: new ReferenceCollection(), notes: new ReferenceCollection() }
  /** Versions without a name may be gone. */
  collected = false
  readonly recalls: number[] = []
  readonly #options: WorldOptions
  readonly #databases: Database[] = []

  private constructor(options: WorldOptions) {
    this.#options = options
  }

  static async open(options: WorldOptions, databases: number): Promise<World> {
    const world = new World(options)
    for (let i = 0; i < databases; i++) world.#databases.push(await world.#open())
    for (const name of collectionNames) await world.collection(0, name)
    return world
  }

  database(number: number): Database {
    return this.#databases[number % this.#databases.length]!
  }

  collection(number: number, name: CollectionName): Promise<Collection> {
    return this.database(number).collection(name)
  }

  async reopen(number: number): Promise<void> {
    const at = number % this.#databases.length
    await this.#databases[at]!.close()
    this.#databases[at] = await this.#open()
  }

  async close(): Promise<void> {
    for (const database of this.#databases) await database.close()
  }

  /** The reference as it will be if the write that `change` stands for succeeds. */
  draft(): References {
    return { papers: this.references.papers.clone(), notes: this.references.notes.clone() }
  }

  /** Notes that a version holds what the reference is to be from now on. */
  advance(version: string, references: References, named = false): void {
    this.references = references
    this.known.set(version, { references, named, answers: [] })
  }

  /** Head of every database: all records, and for each index an exact, a filtered and an approximate search. */
  async verify(seed: number, databases = this.#databases): Promise<void> {
    const random = randomSource(seed)
    for (const database of databases) {
      const version = await database.version()
      for (const name of collectionNames) {
        const collection = await database.collection(name)
        const reference = this.references[name]
        await expectRecords(collection, reference)
        await expectFiltered(collection, reference, random)
        await expectWords(collection, reference, random)
        expect((await collection.texts()).map(({ field, language }) => [field, language])).toEqual([...reference.texts].sort())
        expect((await collection.fields()).map(({ path }) => path)).toEqual([...reference.indexedFields].sort())
        for (const [index, { dimensions }] of reference.indexes) {
          const vector = Array.from({ length: dimensions! }, () => Math.floor(random() * 7) - 3 || 1)
          await this.#verifyIndex(collection, reference, index, vector, random)
          const query = { index, vector, limit: 10 }
          const { hits } = await collection.search(query)
          this.recalls.push(recall(hits, reference, index, vector, 10))
          this.known.get(version)?.answers.push({ collection: name, query, hits })
        }
      }
    }
  }

  /** An earlier version answers as it did, or is gone where it may be. */
  async verifyVersion(number: number, version: string): Promise<void> {
    const { references, named, answers } = this.known.get(version)!
    for (const name of collectionNames) {
      const collection = await this.collection(number, name)
      let reader
      try {
        reader = await collection.at(version)
      } catch (error) {
        const code = error instanceof QuiverError ? error.code : error
        expect(code, String(error)).toBe('NOT_FOUND')
        expect(named, `named version ${version} is kept`).toBe(false)
        expect(this.collected, `version ${version} is kept`).toBe(true)
        return
      }
      await expectRecords(reader, references[name])
      const random = randomSource(references[name].records.size)
      await expectFiltered(reader, references[name], random)
      await expectWords(reader, references[name], random)
      for (const [index, { dimensions }] of references[name].indexes) {
        const query = { index, vector: Array.from({ length: dimensions! }, (_, i) => i + 1), limit: 10, exact: true }
        expectExact((await reader.search(query)).hits, references[name], index, query)
      }
      for (const answer of answers) {
        if (answer.collection === name) expect((await reader.search(answer.query)).hits).toEqual(answer.hits)
      }
      await reader.close()
    }
  }

  async #verifyIndex(
    collection: Collection,
    reference: ReferenceCollection,
    index: string,
    vector: number[],
    random: () => number,
  ): Promise<void> {
    const exact: SearchQuery = {
      index,
      vector,
      exact: true,
      limit: 1 + Math.floor(random() * 30),
      offset: Math.floor(random() * 4) * 3,
    }
    expectExact((await collection.search(exact)).hits, reference, index, exact)
    const near: SearchQuery = {
      index,
      vector,
      exact: true,
      limit: 500,
      maxDistance: reference.ranking(index, vector)[5]?.distance ?? 1,
    }
    expectExact((await collection.search(near)).hits, reference, index, near)
    const filtered: SearchQuery = { index, vector, where: { n: { $gte: Math.floor(random() * 10) } }, limit: 10 }
    expectExact((await collection.search(filtered)).hits, reference, index, filtered)
    const status = (await collection.indexes()).find(({ name }) => name === index)!
    expect(status.records).toBe(reference.vectors(index).size)
  }

  async #open(): Promise<Database> {
    const { store, ...options } = this.#options
    return Database.over(await store(), options)
  }
}

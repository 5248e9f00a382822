import { randomSource } from '@quiverdb/testing'
import * as vectra from 'vectra'
import { expect } from 'vitest'
import * as quiver from '../../vectra/index.js'
import type { IndexItem, MetadataFilter, QueryResult } from '../../vectra/index.js'
import { oneOf, randomFilter, randomMetadata } from './random-filter.js'

const folder = 'index'
const stepsMax = 14

/** What of an index is compared. */
type Index = Pick<
  quiver.LocalIndex,
  | 'createIndex'
  | 'deleteIndex'
  | 'isIndexCreated'
  | 'getIndexStats'
  | 'beginUpdate'
  | 'endUpdate'
  | 'cancelUpdate'
  | 'insertItem'
  | 'upsertItem'
  | 'batchInsertItems'
  | 'deleteItem'
  | 'deleteItems'
  | 'getItem'
  | 'listItems'
  | 'listItemsByMetadata'
  | 'queryItems'
>

interface Side {
  readonly storage: quiver.FileStorage
  open(): Index
  index: Index
}

type Random = () => number

/** One random history of an index, lived by Vectra and by us: what they answer and what they write has to be the same. */
export async function compareHistories(seed: number): Promise<void> {
  const random = randomSource(seed)
  const history = new History(random)
  await history.begin()
  const steps = 3 + Math.floor(stepsMax * random())
  for (let i = 0; i < steps; i++) await history.step()
  await history.compareFiles()
}

class History {
  readonly #random: Random
  readonly #isProtobuf: boolean
  readonly #sides: readonly [vectra: Side, ours: Side]
  readonly #dimensions: number
  #inUpdate = false

  constructor(random: Random) {
    this.#random = random
    this.#isProtobuf = random() < 0.3
    this.#dimensions = oneOf(random, [1, 2, 3, 5, 40])
    const name = this.#isProtobuf ? 'index.pb' : 'index.json'
    // Storages are exchanged at times: either program writes into whichever it is given.
    const exchanged = random() < 0.3
    const storages = [new vectra.VirtualFileStorage(), new quiver.VirtualFileStorage()] as unknown as quiver.FileStorage[]
    if (exchanged) storages.reverse()
    const [theirs, ours] = storages as [quiver.FileStorage, quiver.FileStorage]
    const theirCodec = this.#isProtobuf ? new vectra.ProtobufCodec() : new vectra.JsonCodec()
    const ourCodec = this.#isProtobuf ? new quiver.ProtobufCodec() : new quiver.JsonCodec()
    const openTheirs = () =>
      new vectra.LocalIndex(folder, name, theirs as unknown as vectra.FileStorage, theirCodec) as unknown as Index
    const openOurs = () => new quiver.LocalIndex(folder, name, ours, ourCodec)
    this.#sides = [
      { storage: theirs, open: openTheirs, index: openTheirs() },
      { storage: ours, open: openOurs, index: openOurs() },
    ]
  }

  async begin(): Promise<void> {
    const random = this.#random
    await this.#same((index) => index.listItems()) // not there yet
    const indexed = oneOf<string[] | undefined>(random, [undefined, undefined, [], ['a'], ['b', 'a'], ['a', 'b', 'c', 'd']])
    const metadata_config = indexed === undefined && random() < 0.5 ? undefined : { indexed }
    const version = oneOf(random, [1, 2, 7])
    await this.#same((index) => index.createIndex({ version, metadata_config }))
    await this.#same((index) => index.createIndex())
  }

  async step(): Promise<void> {
    const random = this.#random
    const kind = random()
    if (kind < 0.14) await this.#insert()
    else if (kind < 0.3) await this.#upsert()
    else if (kind < 0.42) await this.#insertBatch()
    else if (kind < 0.5) await this.#delete()
    else if (kind < 0.58) await this.#update()
    else if (kind < 0.64) await this.#read()
    else if (kind < 0.7) await this.#reopen()
    else await this.#query()
  }

  async #insert(): Promise<void> {
    const item = this.#item()
    await this.#same((index) => index.insertItem(structuredClone(item)))
  }

  async #upsert(): Promise<void> {
    const item = this.#item()
    await this.#same((index) => index.upsertItem(structuredClone(item)))
  }

  async #insertBatch(): Promise<void> {
    const count = this.#random() < 0.15 ? 400 : Math.floor(12 * this.#random())
    const items = Array.from({ length: count }, (_, i) => this.#item(count > 20 || this.#random() < 0.8 ? `b${i}` : undefined))
    await this.#same((index) => index.batchInsertItems(structuredClone(items)))
  }

  async #delete(): Promise<void> {
    const ids = Array.from({ length: Math.floor(4 * this.#random()) }, () => this.#id())
    if (this.#random() < 0.5) await this.#same((index) => index.deleteItem(ids[0] ?? 'none'))
    else await this.#same((index) => index.deleteItems(ids))
  }

  async #update(): Promise<void> {
    const random = this.#random()
    if (!this.#inUpdate) {
      this.#inUpdate = true
      await this.#same((index) => index.beginUpdate())
      return
    }
    if (random < 0.2) return void (await this.#same((index) => index.beginUpdate()))
    if (random < 0.8) await this.#same((index) => index.endUpdate())
    else for (const { index } of this.#sides) index.cancelUpdate()
    this.#inUpdate = false
  }

  async #read(): Promise<void> {
    const id = this.#id()
    const filter = this.#random() < 0.8 ? randomFilter(this.#random) : (undefined as unknown as MetadataFilter)
    await this.#same((index) => index.getItem(id))
    await this.#same((index) => index.getIndexStats())
    await this.#same((index) => index.listItemsByMetadata(filter))
  }

  async #reopen(): Promise<void> {
    await this.compareFiles()
    this.#inUpdate = false
    for (const side of this.#sides) side.index = side.open()
    await this.#same((index) => index.listItems())
  }

  async #query(): Promise<void> {
    const random = this.#random
    const vector = this.#vector()
    const topK = oneOf<number>(random, [1, 1, 2, 3, 10, 10, 1000, 0, -1, 1.5, NaN, Infinity])
    const filter = random() < 0.5 ? undefined : randomFilter(random)
    const [theirs, ours] = await Promise.all(
      this.#sides.map(({ index }) => outcome(() => index.queryItems(vector, '', topK, filter))),
    )
    const all = await outcome(async () => naiveQuery(await this.#sides[0].index.listItems(), { vector, filter }))
    const count = Number.isNaN(topK) ? 0 : Math.max(0, Math.ceil(topK))
    expect(shape(ours)).toEqual(shape({ ...all, value: (all.value as QueryResult[] | undefined)?.slice(0, count) }))
    // Equal scores, and what is not a number, come in another order from Vectra.
    const scores = ((all.value ?? []) as QueryResult[]).map(({ score }) => score)
    if (new Set(scores).size === scores.length && !scores.some(Number.isNaN)) expect(normal(ours)).toEqual(normal(theirs))
  }

  /** Both do the same, and get the same or fail alike. */
  async #same(action: (index: Index) => Promise<unknown>): Promise<void> {
    const [theirs, ours] = this.#sides
    const expected = await outcome(() => action(theirs.index))
    // There a write that fails leaves an update open, and all later ones are lost.
    if (expected.error && !this.#inUpdate) theirs.index.cancelUpdate()
    const actual = await outcome(() => action(ours.index))
    expect(normal(actual)).toEqual(normal(expected))
    if (expected.error && !(expected.error instanceof TypeError)) expect(actual.error!.message).toBe(expected.error.message)
    if (!this.#inUpdate) await this.compareFiles()
  }

  async compareFiles(): Promise<void> {
    const [theirs, ours] = await Promise.all(this.#sides.map((side) => this.#contents(side)))
    expect(ours).toEqual(theirs)
  }

  /** The index file without the random names in it, and what the files of these names hold. */
  async #contents({ storage }: Side): Promise<unknown> {
    const path = `${folder}/${this.#isProtobuf ? 'index.pb' : 'index.json'}`
    if (!(await storage.pathExists(path))) return undefined
    const text = Buffer.from(await storage.readFile(path)).toString('latin1')
    const names = [...text.matchAll(fileName)].map(([name]) => name)
    const sidecars = await Promise.all(
      names.map(async (name) => Buffer.from(await storage.readFile(`${folder}/${name}`)).toString()),
    )
    return { text: text.replaceAll(fileName, 'FILE'), sidecars }
  }

  #id(): string {
    return oneOf(this.#random, ['a', 'b', 'c', 'd', 'e', 'b0', 'b1', 'b7', ''])
  }

  #item(id: string = this.#id()) {
    const metadata = this.#random() < 0.9 ? randomMetadata(this.#random) : undefined
    const hasVector = this.#random() < 0.98
    return { id, metadata, ...(hasVector ? { vector: this.#vector() } : {}), ...(this.#random() < 0.1 ? { norm: 5 } : {}) }
  }

  #vector(): number[] {
    const random = this.#random
    const length = random() < 0.04 ? Math.floor(6 * random()) : this.#dimensions
    const scale = random() < 0.05 ? oneOf(random, [1e-30, 1e-12, 1e20, 1e200, 0]) : 1
    // Few different numbers make equal scores; many make scores that are told apart by the last bits.
    const coarse = random() < 0.3
    return Array.from({ length }, () => scale * (coarse ? Math.floor(3 * random()) - 1 : 2 * random() - 1))
  }
}

const fileName = /[0-9a-f]{8}-[0-9a-f-]{27}\.(json|pb)/g

interface Outcome {
  readonly value?: unknown
  readonly error?: Error
}

async function outcome(action: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await action() }
  } catch (error) {
    return { error: error as Error }
  }
}

/** An outcome without random names. */
function normal({ value, error }: Outcome | undefined = {}): unknown {
  if (error) return 'failed'
  const text = JSON.stringify({ value }, (_, inner: unknown) => (typeof inner === 'number' ? `${inner}` : inner))
  return JSON.parse(text.replaceAll(fileName, 'FILE'))
}

/** Ids and scores of an answer. */
function shape({ value, error }: Outcome | undefined = {}): unknown {
  return error ? 'failed' : (value as QueryResult[]).map(({ item, score }) => [item.id, score])
}

interface NaiveQuery {
  readonly vector: number[]
  readonly filter: MetadataFilter | undefined
}

/** By Vectra's own filter and cosine: measure all, sort. */
function naiveQuery(items: readonly IndexItem[], { vector, filter }: NaiveQuery): QueryResult[] {
  const norm = vectra.ItemSelector.normalize(vector)
  const passing = items.filter((item) => !filter || vectra.ItemSelector.select(item.metadata, filter))
  const scored = passing.map((item) => ({
    item,
    score: vectra.ItemSelector.normalizedCosineSimilarity(vector, norm, item.vector, item.norm),
  }))
  const rank = (score: number) => (Number.isNaN(score) ? -Infinity : score)
  return scored.sort((a, b) => rank(b.score) - rank(a.score) || 0)
}

// One index whose vectors come and go, asked through `shared/child.mjs`.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { baseStream, LatentSource, queryStream } from '../sets/latent-set.mjs'
import { Random } from '../sets/random.mjs'
import { RecallJudge } from '../sets/recall.mjs'
import { recipes } from '../sets/recipes.mjs'
import { exactNeighbours } from '../sets/truth.mjs'
import { Vectors } from '../sets/vectors.mjs'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { stopwatch } from '../shared/meters.mjs'
import { churningEngines } from './churning.mjs'

/** @type {{ engine: string, folder: string, rows: number, queries: number, k: number }} */
const { engine, folder, rows, queries: queryCount, k } = childParameters()
const itemsPerAdd = 1_000
const pickSeed = 7

const source = new LatentSource(recipes.scale, baseStream)
const queries = new LatentSource(recipes.scale, queryStream).next(queryCount)
const random = new Random(pickSeed)
/** @type {Map<number, Float32Array>} what lives, by id */
const living = new Map()
let nextId = 0
let folders = 0
/** @type {import('./churning.mjs').Churning} */
let index

answerRequests({
  async build() {
    index = await opened()
    const items = newItems(rows)
    const elapsed = stopwatch()
    await addAll(index, items)
    await index.settle?.()
    return { usPerInsert: (1e6 * elapsed()) / rows, ...(await state(index)) }
  },

  /** @param {{ share: number }} options so much of what lives goes, and as much that is new comes */
  async outAndIn({ share }) {
    const ids = picked(share)
    const items = newItems(ids.length)
    const removing = stopwatch()
    await index.remove(ids)
    const removeS = removing()
    for (const id of ids) living.delete(id)
    const adding = stopwatch()
    await addAll(index, items)
    const addS = adding()
    const settling = stopwatch()
    await index.settle?.()
    return { changed: ids.length, removeS, addS, settleS: settling() }
  },

  /** @param {{ share: number }} options so much of what lives gets new vectors under its old ids */
  async replace({ share }) {
    const ids = picked(share)
    const vectors = source.next(ids.length)
    const items = ids.map((id, i) => ({ id, vector: vectors.row(i) }))
    const replacing = stopwatch()
    await index.replace(items)
    const addS = replacing()
    for (const { id, vector } of items) living.set(id, vector)
    const settling = stopwatch()
    await index.settle?.()
    return { changed: ids.length, removeS: 0, addS, settleS: settling() }
  },

  state: () => state(index),

  /** The same vectors in an index that has seen nothing else. */
  async fresh() {
    await index.close()
    index = await opened()
    await addAll(
      index,
      Array.from(living, ([id, vector]) => ({ id, vector })),
    )
    await index.settle?.()
    return state(index)
  },

  close: () => index?.close(),
})

function opened() {
  const own = join(folder, String(folders++))
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own, { recursive: true })
  return churningEngines[engine](rows, own)
}

async function addAll(index, items) {
  for (let first = 0; first < items.length; first += itemsPerAdd) {
    const batch = items.slice(first, first + itemsPerAdd)
    await index.add(batch)
    for (const { id, vector } of batch) living.set(id, vector)
  }
}

function newItems(count) {
  const vectors = source.next(count)
  return Array.from({ length: count }, (_, row) => ({ id: nextId++, vector: vectors.row(row) }))
}

/** Ids of a share of what lives, each at most once. */
function picked(share) {
  const ids = [...living.keys()]
  const count = Math.round(share * ids.length)
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random.next() * (ids.length - i))
    ;[ids[i], ids[other]] = [ids[other], ids[i]]
  }
  return ids.slice(0, count)
}

/** Recall among what lives now, memory, and what the index finds wrong with itself. */
async function state(index) {
  const ids = [...living.keys()]
  const placeOf = new Map(ids.map((id, place) => [id, place]))
  const base = new Vectors(new Float32Array(ids.length * recipes.scale.dimensions), recipes.scale.dimensions)
  ids.forEach((id, place) => base.row(place).set(living.get(id)))
  const judge = new RecallJudge({ base, queries, metric: 'cosine', truth: exactNeighbours(base, queries, 'cosine', k) })
  const answers = []
  for (let query = 0; query < queries.rows; query++) answers.push(await index.search(queries.row(query), k))
  const places = answers.map((found) => Array.from(found, (id) => placeOf.get(id) ?? -1))
  return {
    living: ids.length,
    recall: judge.recall(places, k),
    dead: places.reduce((sum, found) => sum + found.filter((place) => place < 0).length, 0),
    memoryBytes: await index.memoryBytes(),
    problems: await index.audit?.(),
  }
}

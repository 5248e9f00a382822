import { createRequire } from 'node:module'
import { emptyIndex } from '../engines/hnsw-index.mjs'
import { openCollection, upsertRows } from '../engines/quiver-collection.mjs'
import { efConstruction, m } from '../engines/settings.mjs'
import { nativeBytes } from '../shared/meters.mjs'
import { Vectors } from '../sets/vectors.mjs'

const require = createRequire(import.meta.url)
const dimensions = 128
const metric = 'cosine'
const oneThread = 1
export const ef = 50

/**
 * @typedef {object} Churning an index whose vectors come and go, known by ids of the caller
 * @property {(items: readonly Item[]) => void | Promise<void>} add new ids
 * @property {(ids: readonly number[]) => void | Promise<void>} remove
 * @property {(items: readonly Item[]) => void | Promise<void>} replace the vectors of ids that are there
 * @property {() => void | Promise<void>} [settle] after a cycle: everything that is due
 * @property {(query: Float32Array, k: number) => ArrayLike<number> | Promise<ArrayLike<number>>} search ids, nearest first
 * @property {() => number | Promise<number>} memoryBytes by its own account, or native memory where it has none
 * @property {() => number | Promise<number>} [audit] nodes that no walk reaches, or problems that a check finds
 * @property {() => void | Promise<void>} close
 *
 * @typedef {{ id: number, vector: Float32Array }} Item
 */

/** @type {Record<string, (capacity: number, folder: string) => Promise<Churning>>} `capacity`: of living vectors */
export const churningEngines = {
  'quiver-hnsw-index': hnswIndex,
  quiver: collection,
  'hnswlib-node': hnswlibNode,
  usearch,
}

/** It numbers its vectors itself. */
async function hnswIndex() {
  const index = await emptyIndex({ dimensions, metric, efSearch: ef })
  const own = new Map()
  const given = new Map()
  return {
    add(items) {
      const ids = index.add(packed(items))
      items.forEach(({ id }, i) => {
        own.set(id, ids[i])
        given.set(ids[i], id)
      })
    },
    remove(ids) {
      for (const id of ids) {
        index.delete(own.get(id))
        given.delete(own.get(id))
        own.delete(id)
      }
    },
    replace(items) {
      for (const { id, vector } of items) index.replace(own.get(id), vector)
    },
    search: (query, k) => Array.from(index.search(query, k).ids, (number) => given.get(number)),
    memoryBytes: () => index.memoryBytes,
    audit: () => index.audit(),
    close: () => index.free(),
  }
}

async function collection(_capacity, folder) {
  const { db, collection } = await openCollection(folder, { dimensions, metric })
  const upsert = (items) =>
    upsertRows(collection, new Vectors(packed(items), dimensions), 0, items.length, { idOf: (row) => items[row].id })
  return {
    add: upsert,
    replace: upsert,
    remove: async (ids) => void (await collection.delete(ids.map(String))),
    settle: () => db.settled(),
    async search(vector, limit) {
      const { hits } = await collection.search({ vector, limit, ef, fields: [] })
      return hits.map(({ id }) => Number(id))
    },
    memoryBytes: async () => (await db.stats()).memoryBytes,
    audit: async () => (await db.check()).problems.length,
    close: () => db.close(),
  }
}

/** A deleted element is marked, and its slot given to one that is added later. */
async function hnswlibNode(capacity) {
  const { HierarchicalNSW } = require('hnswlib-node')
  const index = new HierarchicalNSW('ip', dimensions)
  const before = nativeBytes()
  const seed = 100
  index.initIndex(capacity, m, efConstruction, seed, true)
  index.setEf(ef)
  const marked = new Set()
  return {
    add(items) {
      for (const { id, vector } of items) {
        index.addPoint(Array.from(vector), id, marked.size > 0)
        marked.delete(marked.values().next().value)
      }
    },
    remove(ids) {
      for (const id of ids) {
        index.markDelete(id)
        marked.add(id)
      }
    },
    replace(items) {
      for (const { id, vector } of items) index.addPoint(Array.from(vector), id)
    },
    search: (query, k) => index.searchKnn(Array.from(query), k).neighbors,
    memoryBytes: () => nativeBytes() - before,
    close: () => {},
  }
}

async function usearch() {
  const { Index, MetricKind, ScalarKind } = require('usearch')
  const before = nativeBytes()
  const index = new Index({
    dimensions,
    metric: MetricKind.IP,
    quantization: ScalarKind.F32,
    connectivity: m,
    expansion_add: efConstruction,
    expansion_search: ef,
    multi: false,
  })
  const add = (items) => {
    for (const { id, vector } of items) index.add(BigInt(id), vector, oneThread)
  }
  const remove = (ids) => {
    for (const id of ids) index.remove(BigInt(id))
  }
  return {
    add,
    remove,
    replace(items) {
      remove(items.map(({ id }) => id))
      add(items)
    },
    search: (query, k) => Array.from(index.search(query, k, oneThread).keys, Number),
    memoryBytes: () => nativeBytes() - before,
    close: () => {},
  }
}

function packed(items) {
  const values = new Float32Array(items.length * dimensions)
  for (const [i, { vector }] of items.entries()) values.set(vector, i * dimensions)
  return values
}

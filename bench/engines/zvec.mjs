import { createRequire } from 'node:module'
import { join } from 'node:path'
import { stopwatch } from '../shared/meters.mjs'
import { efConstruction, efOnly, installedVersion, m } from './settings.mjs'

const require = createRequire(import.meta.url)
const rowsPerInsert = 1_000
const collectionFolder = (folder) => join(folder, 'collection')
let library

/** @type {import('./index.mjs').Engine} */
export const zvec = engine('zvec', 'hnsw f32', 'UNDEFINED', efOnly)

/** @type {import('./index.mjs').Engine} with and without its exact re-ranking */
export const zvecInt8 = engine('zvec-int8', 'hnsw int8', 'INT8', (efs, k) =>
  efs.flatMap((ef) => [
    { k, ef, refiner: false },
    { k, ef, refiner: true },
  ]),
)

/** @returns {import('./index.mjs').Engine} */
function engine(name, variant, quantizeType, settings) {
  return {
    name,
    variant,
    settings,
    package: '@zvec/zvec',
    version: () => installedVersion('@zvec/zvec'),
    async load() {
      library = require('@zvec/zvec')
      library.ZVecInitialize({ queryThreads: 1, optimizeThreads: 1, logLevel: library.ZVecLogLevel.ERROR })
    },
    async build(info, base, folder) {
      const elapsed = stopwatch()
      const collection = library.ZVecCreateAndOpen(
        collectionFolder(folder),
        schemaOf(info, library.ZVecQuantizeType[quantizeType]),
      )
      for (let first = 0; first < base.rows; first += rowsPerInsert) collection.insertSync(documents(base, first))
      const buildS = elapsed()
      collection.optimizeSync({ concurrency: 1 }) // rows are in no graph before
      collection.closeSync()
      return { buildS, settledS: elapsed(), unindexed: 0 }
    },
    async open(_info, folder) {
      return served(library.ZVecOpen(collectionFolder(folder), { readOnly: true }))
    },
  }
}

function schemaOf(info, quantizeType) {
  const { ZVecCollectionSchema, ZVecDataType, ZVecIndexType, ZVecMetricType } = library
  const indexParams = {
    indexType: ZVecIndexType.HNSW,
    metricType: info.metric === 'l2' ? ZVecMetricType.L2 : ZVecMetricType.COSINE,
    m,
    efConstruction,
    quantizeType,
  }
  const vectors = { name: 'embedding', dataType: ZVecDataType.VECTOR_FP32, dimension: info.dimensions, indexParams }
  return new ZVecCollectionSchema({ name: 'vectors', vectors })
}

function documents(base, first) {
  const length = Math.min(rowsPerInsert, base.rows - first)
  return Array.from({ length }, (_, i) => ({ id: String(first + i), vectors: { embedding: base.row(first + i).slice() } }))
}

function served(collection) {
  let inputs = []
  let params
  let topk
  return {
    prepare: (queries) => (inputs = Array.from({ length: queries.rows }, (_, query) => queries.row(query).slice())),
    configure({ k, ef, refiner }) {
      topk = k
      params = { indexType: library.ZVecIndexType.HNSW, ef, isUsingRefiner: refiner === true }
    },
    search: (query) => collection.querySync({ fieldName: 'embedding', vector: inputs[query], topk, outputFields: [], params }),
    rows: (answer) => answer.map((document) => Number(document.id)),
    close: () => collection.closeSync(),
  }
}

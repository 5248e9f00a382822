import { createRequire } from 'node:module'
import { join } from 'node:path'
import { attributeFields, attributesAt, attributesOf } from '../sets/attributes.mjs'
import { stopwatch } from '../shared/meters.mjs'
import { efConstruction, efOnly, installedVersion, m } from './settings.mjs'

const require = createRequire(import.meta.url)
const rowsPerInsert = 1_000
/** It refuses to search with more. */
const efMax = 2_048
const accepted = (efs) => efs.filter((ef) => ef <= efMax)
const collectionFolder = (folder) => join(folder, 'collection')
let library

/** @type {import('./index.mjs').Engine} */
export const zvec = engine('zvec', 'hnsw f32', { quantizeType: 'UNDEFINED', settings: (efs, k) => efOnly(accepted(efs), k) })

/** @type {import('./index.mjs').Engine} with and without its exact re-ranking */
export const zvecInt8 = engine('zvec-int8', 'hnsw int8', {
  quantizeType: 'INT8',
  settings: (efs, k) =>
    accepted(efs).flatMap((ef) => [
      { k, ef, refiner: false },
      { k, ef, refiner: true },
    ]),
})

/** @type {import('./index.mjs').Engine} each attribute with an inverted index made for ranges; also without its graph */
export const zvecInt8Attributes = engine('zvec-int8-attributes', 'hnsw int8, inverted index', {
  quantizeType: 'INT8',
  settings: (efs, k) => [{ k, linear: true }, ...zvecInt8.settings(efs, k)],
  hasAttributes: true,
})

/** @returns {import('./index.mjs').Engine} */
function engine(name, variant, { quantizeType, settings, hasAttributes = false }) {
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
        schemaOf(info, library.ZVecQuantizeType[quantizeType], hasAttributes),
      )
      const fieldsOf = hasAttributes ? fieldsFrom(attributesOf(info)) : () => ({})
      for (let first = 0; first < base.rows; first += rowsPerInsert) collection.insertSync(documents(base, first, fieldsOf))
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

function schemaOf(info, quantizeType, hasAttributes) {
  const { ZVecCollectionSchema, ZVecDataType, ZVecIndexType, ZVecMetricType } = library
  const indexParams = {
    indexType: ZVecIndexType.HNSW,
    metricType: info.metric === 'l2' ? ZVecMetricType.L2 : ZVecMetricType.COSINE,
    m,
    efConstruction,
    quantizeType,
  }
  const vectors = { name: 'embedding', dataType: ZVecDataType.VECTOR_FP32, dimension: info.dimensions, indexParams }
  const inverted = { indexType: ZVecIndexType.INVERT, enableRangeOptimization: true }
  const fields = attributeFields.map((name) => ({ name, dataType: ZVecDataType.INT32, indexParams: inverted }))
  return new ZVecCollectionSchema({ name: 'vectors', vectors, ...(hasAttributes && { fields }) })
}

const fieldsFrom = (attributes) => (row) => ({ fields: attributesAt(attributes, row) })

function documents(base, first, fieldsOf) {
  const length = Math.min(rowsPerInsert, base.rows - first)
  const document = (row) => ({ id: String(row), vectors: { embedding: base.row(row).slice() }, ...fieldsOf(row) })
  return Array.from({ length }, (_, i) => document(first + i))
}

function served(collection) {
  let inputs = []
  let params
  let topk
  return {
    prepare(queries, conditions) {
      inputs = Array.from({ length: queries.rows }, (_, query) => ({
        fieldName: 'embedding',
        vector: queries.row(query).slice(),
        outputFields: [],
        ...(conditions && { filter: expressionOf(conditions[query]) }),
      }))
    },
    configure({ k, ef, refiner, linear }) {
      topk = k
      params = {
        indexType: library.ZVecIndexType.HNSW,
        ...(ef && { ef }),
        isUsingRefiner: refiner === true,
        isLinear: linear === true,
      }
    },
    search: (query) => collection.querySync({ ...inputs[query], topk, params }),
    rows: (answer) => answer.map((document) => Number(document.id)),
    close: () => collection.closeSync(),
  }
}

function expressionOf({ field, from, to }) {
  return `${field} >= ${from} and ${field} < ${to}`
}

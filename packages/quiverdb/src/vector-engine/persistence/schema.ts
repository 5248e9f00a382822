import { VectorError } from '../errors.js'
import { PersistentVectorIndex, VectorCollectionConfig, type DistanceMetric } from '../types.js'

const metricTags: Readonly<Record<DistanceMetric, string>> = {
  cosine: 'Cosine',
  euclidean: 'Euclidean',
  dotProduct: 'DotProduct',
}

/** What a file says about its collection, in the words of its JSON. */
export function headOf(index: PersistentVectorIndex): Record<string, unknown> {
  const { config } = index
  return {
    collection: index.collection,
    // Only where the name alone would say something else, so that other programs find the fields that they know.
    ...(index.isDefault === new PersistentVectorIndex(index.collection).isDefault ? {} : { is_default: index.isDefault }),
    config: {
      dimension: config.dimension ?? null,
      distance_metric: metricTags[config.distanceMetric],
      auto_index: config.autoIndex,
      auto_index_threshold: config.autoIndexThreshold,
    },
    created_at: index.createdAt,
    version: index.version,
  }
}

/** An empty index with the head of a file. @throws VectorError SerializationError, also for a newer version */
export function parseHead(parsed: unknown): PersistentVectorIndex {
  if (!isObject(parsed)) throw VectorError.serialization('the file holds no object')
  const version = countOf(parsed.version, 'version')
  if (version > PersistentVectorIndex.CURRENT_VERSION)
    throw VectorError.newerVersion(version, PersistentVectorIndex.CURRENT_VERSION)
  if (version < 1) throw VectorError.serialization(`there is no format version ${version}`)
  if (typeof parsed.collection !== 'string') throw VectorError.serialization('collection is not a string')
  if (!isObject(parsed.config)) throw VectorError.serialization('config is not an object')
  const isDefault = parsed.is_default
  return new PersistentVectorIndex(parsed.collection, parseConfig(parsed.config), {
    createdAt: countOf(parsed.created_at, 'created_at'),
    version,
    ...(typeof isDefault === 'boolean' ? { isDefault } : {}),
  })
}

function parseConfig(config: Record<string, unknown>): VectorCollectionConfig {
  const metric = (Object.keys(metricTags) as DistanceMetric[]).find((name) => metricTags[name] === config.distance_metric)
  if (!metric) throw VectorError.serialization(`there is no distance_metric ${JSON.stringify(config.distance_metric)}`)
  if (typeof config.auto_index !== 'boolean') throw VectorError.serialization('auto_index is not a boolean')
  return new VectorCollectionConfig({
    dimension: config.dimension == null ? undefined : countOf(config.dimension, 'dimension'),
    distanceMetric: metric,
    autoIndex: config.auto_index,
    autoIndexThreshold: countOf(config.auto_index_threshold, 'auto_index_threshold'),
  })
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function countOf(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw VectorError.serialization(`${name} is not a whole number`)
}

/** @throws VectorError ConfigurationError */
export function checkEntryCount(entries: number, limit: number | undefined): void {
  if (limit !== undefined && entries > limit)
    throw VectorError.configuration(`index entry count ${entries} exceeds limit ${limit}`)
}

/** A vector that an engine would take. @throws VectorError SerializationError, DimensionMismatch */
export function checkedVector(vector: Float32Array, key: string, config: VectorCollectionConfig): Float32Array {
  if (vector.length === 0) throw VectorError.serialization(`the vector of ${JSON.stringify(key)} is empty`)
  if (config.dimension !== undefined && vector.length !== config.dimension) {
    throw VectorError.dimensionMismatch(config.dimension, vector.length)
  }
  const broken = vector.findIndex((number) => !Number.isFinite(number))
  if (broken >= 0)
    throw VectorError.serialization(`number ${broken} of the vector of ${JSON.stringify(key)} is not a finite float32`)
  return vector
}

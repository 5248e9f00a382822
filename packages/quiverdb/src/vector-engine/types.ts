import { VectorError } from './errors.js'

/** `cosine` and `dotProduct` score by the product itself, `euclidean` by `1 / (1 + distance)`: higher is better in each. */
export type DistanceMetric = 'cosine' | 'euclidean' | 'dotProduct'

/** The name under which the embeddings without a collection are saved and loaded. */
export const DEFAULT_COLLECTION = 'default'

/** A floating-point number whose value is an integer; a plain `1` is an Int. Made by {@link float}. */
export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/**
 * A value of metadata. Numbers keep their type: safe integers are Int, as are bigints (64 bits); other numbers are Float, and
 * {@link float} makes a Float of an integer. What is read is as plain as can be: a bigint only beyond 2^53, a {@link Float} only
 * where the plain number would be an Int.
 */
export type MetadataValue = null | boolean | number | bigint | string | Float

export type Metadata = Readonly<Record<string, MetadataValue>>

export type MetadataType = 'Null' | 'Bool' | 'Int' | 'Float' | 'String'

/**
 * A Float with an integral value.
 *
 * @example
 * ```ts
 * engine.storeEmbeddingWithMetadata('a', [1, 2], { rating: float(4), year: 1958 }) // a Float and an Int
 * ```
 */
export function float(value: number): MetadataValue {
  return isPlainInt(value) ? new Float(value) : value
}

const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n

/** An integer as metadata: a number where it is safe, a bigint beyond. @throws VectorError StorageError beyond 64 bits */
export function int(value: bigint): MetadataValue {
  if (value < int64Min || value > int64Max) throw VectorError.storage(`the integer ${value} does not fit in 64 bits`)
  const plain = Number(value)
  return Number.isSafeInteger(plain) ? plain : value
}

/** The type that a value is stored with. @throws VectorError StorageError: not a value of metadata */
export function metadataTypeOf(value: MetadataValue): MetadataType {
  if (value === null) return 'Null'
  if (value instanceof Float) return 'Float'
  switch (typeof value) {
    case 'boolean':
      return 'Bool'
    case 'string':
      return 'String'
    case 'bigint':
      return 'Int'
    case 'number':
      return isPlainInt(value) ? 'Int' : 'Float'
    default:
      throw VectorError.storage(`metadata holds null, booleans, numbers, bigints and strings, not ${typeof value}`)
  }
}

/** Minus zero is a Float: an Int has no such value. */
function isPlainInt(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

/** What a collection is made with; what is left out has its default. */
export type VectorCollectionOptions = Partial<
  Pick<VectorCollectionConfig, 'dimension' | 'distanceMetric' | 'autoIndex' | 'autoIndexThreshold'>
>

/**
 * The configuration of a collection. Immutable: each `with` gives another.
 *
 * @example
 * ```ts
 * engine.createCollection('papers', new VectorCollectionConfig().withDimension(768).withMetric('euclidean').withAutoIndex(2000))
 * engine.createCollection('notes', { dimension: 768 })
 * ```
 */
export class VectorCollectionConfig {
  /** Vectors of another length are refused. Default: any length. */
  readonly dimension: number | undefined
  /** Default: `cosine`. */
  readonly distanceMetric: DistanceMetric
  /** Whether a graph is built and kept once there are `autoIndexThreshold` vectors. Default: false. */
  readonly autoIndex: boolean
  /** Default: 1000. */
  readonly autoIndexThreshold: number

  constructor(options: VectorCollectionOptions = {}) {
    this.dimension = options.dimension
    this.distanceMetric = options.distanceMetric ?? 'cosine'
    this.autoIndex = options.autoIndex ?? false
    this.autoIndexThreshold = options.autoIndexThreshold ?? 1000
  }

  withDimension(dimension: number): VectorCollectionConfig {
    return new VectorCollectionConfig({ ...this, dimension })
  }

  withMetric(distanceMetric: DistanceMetric): VectorCollectionConfig {
    return new VectorCollectionConfig({ ...this, distanceMetric })
  }

  withAutoIndex(autoIndexThreshold: number): VectorCollectionConfig {
    return new VectorCollectionConfig({ ...this, autoIndex: true, autoIndexThreshold })
  }
}

export interface VectorEntry {
  readonly key: string
  readonly vector: Float32Array
  /** Null when there is none. */
  readonly metadata: Metadata | null
}

/** One collection as a value: what `snapshotCollection` gives and what index files hold. */
export class PersistentVectorIndex {
  /** The version of the files that this code writes, and the newest that it reads. */
  static readonly CURRENT_VERSION = 1

  readonly collection: string
  readonly config: VectorCollectionConfig
  readonly vectors: VectorEntry[] = []
  /** Seconds since 1970. */
  readonly createdAt: number
  readonly version: number
  /** Whether these are the embeddings without a collection. A named collection may be called `default` too. */
  readonly isDefault: boolean

  /** `isDefault` is true for the name `default` unless `options` say otherwise; `createdAt` is the present second. */
  constructor(
    collection: string,
    config: VectorCollectionConfig = new VectorCollectionConfig(),
    options: { createdAt?: number; version?: number; isDefault?: boolean } = {},
  ) {
    this.collection = collection
    this.config = config
    this.createdAt = options.createdAt ?? Math.floor(Date.now() / 1000)
    this.version = options.version ?? PersistentVectorIndex.CURRENT_VERSION
    this.isDefault = options.isDefault ?? collection === DEFAULT_COLLECTION
  }

  push(key: string, vector: ArrayLike<number>, metadata?: Metadata | null): void {
    const empty = !metadata || Object.keys(metadata).length === 0
    this.vectors.push({ key, vector: Float32Array.from(vector), metadata: empty ? null : metadata })
  }

  get length(): number {
    return this.vectors.length
  }

  get isEmpty(): boolean {
    return this.vectors.length === 0
  }
}

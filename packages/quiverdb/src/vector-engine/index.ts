export { VectorError, type VectorErrorKind } from './errors.js'
export {
  DEFAULT_COLLECTION,
  Float,
  float,
  int,
  metadataTypeOf,
  PersistentVectorIndex,
  VectorCollectionConfig,
  type DistanceMetric,
  type Metadata,
  type MetadataType,
  type MetadataValue,
  type VectorCollectionOptions,
  type VectorEntry,
} from './types.js'

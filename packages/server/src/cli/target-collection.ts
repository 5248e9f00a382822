import type { IndexStatus, Metric, Namespace } from 'quiverdb'
import type { RowReader } from './importers/row-reader.js'
import { VectorRule } from './importers/vector-rule.js'

interface TargetOptions {
  collection: string
  /** The field with the vector. */
  field: string
  /** Of a new index. Default: cosine. */
  metric?: Metric
  /** Of a new index. Default: that of its metric. */
  zeroVectors?: 'refuse' | 'keep'
}

/** Opens or makes the collection, with an index on the vector field: the one that is there, or a new one for vectors like the first. */
export async function targetCollection(
  namespace: Namespace,
  file: { path: string; unit: RowReader['unit']; dimensions: number },
  { collection: name, field, metric, zeroVectors: wantedZeros }: TargetOptions,
) {
  const existing = await indexOn(namespace, name, field)
  const wanted = {
    field,
    dimensions: existing?.dimensions ?? file.dimensions,
    metric: metric ?? existing?.metric ?? ('cosine' as const),
  }
  // An index that is there may have options which have no switch here; it is declared again only to refuse another metric.
  const zeroVectors = existing?.zeroVectors ?? wantedZeros ?? (wanted.metric === 'cosine' ? 'refuse' : 'keep')
  const indexes = existing === undefined || (metric ?? existing.metric) !== existing.metric ? [{ ...wanted, zeroVectors }] : []
  const collection = await namespace.collection(name, { indexes })
  return { collection, rule: new VectorRule({ ...file, field, dimensions: wanted.dimensions, zeroVectors }) }
}

async function indexOn(namespace: Namespace, name: string, field: string): Promise<IndexStatus | undefined> {
  if (!(await namespace.collections()).includes(name)) return undefined
  const indexes = await (await namespace.collection(name)).indexes()
  return indexes.find((index) => index.field === field && index.source === 'field')
}

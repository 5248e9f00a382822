import { normal, randomSource } from './vectors.js'

const clusters = 100
/** Spread of a tight cluster, when that of the centres is 1. */
const tightness = 0.15

/** A data set whose shape or order is known to harm graphs, with queries of the same distribution; all tightly packed. */
export interface HardOrder {
  readonly name: string
  readonly vectors: Float32Array
  readonly queries: Float32Array
}

/** Vectors in orders that graphs are known to suffer from: `count` of them in each, and as many queries as asked for. */
export function hardOrders(count: number, dimensions: number, queryCount: number, seed = 1): HardOrder[] {
  const random = randomSource(seed)
  const point = (scale = 1, around?: readonly number[]) =>
    Array.from({ length: dimensions }, (_, j) => (around?.[j] ?? 0) + scale * normal(random))
  const centres = Array.from({ length: clusters }, () => point())
  const clustered = () => {
    const cluster = Math.floor(random() * clusters)
    return { cluster, vector: point(tightness, centres[cluster]) }
  }
  const norm = (vector: readonly number[]) => Math.hypot(...vector)
  const same = point()
  const many = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i))
  const order = (name: string, vectors: readonly (readonly number[])[], query: () => readonly number[]): HardOrder => ({
    name,
    vectors: Float32Array.from(vectors.flat()),
    queries: Float32Array.from(many(queryCount, query).flat()),
  })
  return [
    order(
      'a fifth of them equal',
      many(count, (i) => (i % 5 ? point() : same)),
      () => point(),
    ),
    order(
      'a fifth of them equal, first',
      many(count, (i) => (i < count / 5 ? same : point())),
      () => point(0.1, same),
    ),
    order(
      'tight clusters',
      many(count, () => clustered().vector),
      () => clustered().vector,
    ),
    order(
      'tight clusters, one after the other',
      many(count, clustered)
        .sort((a, b) => a.cluster - b.cluster)
        .map(({ vector }) => vector),
      () => clustered().vector,
    ),
    order(
      'the shortest first',
      many(count, () => point()).sort((a, b) => norm(a) - norm(b)),
      () => point(),
    ),
    order(
      'on a line',
      many(count, (i) => many(dimensions, () => i)),
      () => many(dimensions, () => random() * count),
    ),
  ]
}

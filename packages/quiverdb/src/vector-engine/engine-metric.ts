import type { Metric } from '../vector/metric.js'
import { VectorError } from './errors.js'
import type { DistanceMetric } from './types.js'
import { cosine } from '../vector/measure/cosine.js'
import { dot } from '../vector/measure/dot.js'
import { euclidean } from '../vector/measure/euclidean.js'
import type { DenseMeasure } from '../vector/measure/measure.js'

/** A metric of the engine: how scans measure by it, and which graph serves it. */
export interface EngineMetric {
  readonly name: DistanceMetric
  readonly measure: DenseMeasure
  readonly graphMetric: Metric
  /** The raw measure of what a graph calls its distance. */
  rawOfGraph(distance: number): number
  /** Whether a query of zeros has an answer. */
  readonly servesZero: boolean
}

const engineMetrics: Readonly<Record<DistanceMetric, EngineMetric>> = {
  cosine: {
    ...{ name: 'cosine', measure: cosine, graphMetric: 'cosine', servesZero: false },
    rawOfGraph: (distance) => 1 - distance,
  },
  euclidean: {
    ...{ name: 'euclidean', measure: euclidean, graphMetric: 'l2', servesZero: true },
    rawOfGraph: Math.sqrt,
  },
  dotProduct: {
    ...{ name: 'dotProduct', measure: dot, graphMetric: 'dot', servesZero: false },
    rawOfGraph: (distance) => -distance,
  },
}

/** @throws VectorError ConfigurationError: no such metric */
export function engineMetric(name: DistanceMetric): EngineMetric {
  if (Object.hasOwn(engineMetrics, name)) return engineMetrics[name]
  throw VectorError.configuration(`there is no metric ${JSON.stringify(name)}: use ${Object.keys(engineMetrics).join(', ')}`)
}

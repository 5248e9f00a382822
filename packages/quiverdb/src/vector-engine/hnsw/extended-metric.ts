import type { DenseMeasure, MeasureName } from '../../vector/measure/measure.js'
import { measures } from '../../vector/measure/measures.js'
import { VectorError } from '../errors.js'
import type { DistanceMetric } from '../types.js'

/** A metric of `searchWithHnswAndMetric`: by its name, or as a value that `composite` or `measures` gives. */
export type ExtendedDistanceMetric = Exclude<MeasureName, 'dot' | 'composite'> | DenseMeasure

/** Metrics that rank as a graph of the engine's metric does: what it finds is what they look for. */
const servedBy: Partial<Record<MeasureName, DistanceMetric>> = {
  cosine: 'cosine',
  angular: 'cosine',
  geodesic: 'cosine',
  euclidean: 'euclidean',
}

/** @throws VectorError ConfigurationError: no such metric */
export function measureOf(metric: ExtendedDistanceMetric): DenseMeasure {
  if (typeof metric === 'object') return metric
  if (metric !== ('dot' as string) && Object.hasOwn(measures, metric)) return measures[metric]
  throw VectorError.configuration(`there is no metric ${JSON.stringify(metric)} for an index`)
}

/** The metric of the graphs that rank by this measure. */
export function graphMetricOf(measure: DenseMeasure): DistanceMetric | undefined {
  return servedBy[measure.name]
}

/** Whether the measure says something of a vector without direction. */
export function servesZero(measure: DenseMeasure): boolean {
  return servedBy[measure.name] !== 'cosine'
}

/** The measure that an engine's metric becomes: the dot product, which no extended metric is, becomes the cosine. */
export function extendedMetricOf(metric: DistanceMetric): ExtendedDistanceMetric {
  return metric === 'dotProduct' ? 'cosine' : metric
}

import type { Budget } from './budget.js'
import {
  type EvaluatedEffort,
  type Evaluation,
  effortsFor,
  evenPlaces,
  evaluationsOf,
  kDefault,
  meanOf,
  sampleDefault,
  shareOfNearest,
  targetsOf,
} from './evaluation.js'
import type { NearestVectors } from './nearest-list.js'
import type { RecallCurve } from './recall-curve.js'

export interface EvaluationOptions {
  /** Vectors to search for, tightly packed. Default: vectors of the index. */
  readonly queries?: Float32Array
  /** How many vectors of the index are searched for, where there are no `queries`. Default: 100. */
  readonly sample?: number
  /** How many are to be found. Default: 10. */
  readonly k?: number
  /** Efforts to try. Default: k times 1, 2, 4 ... 64. */
  readonly efs?: readonly number[]
  /** After the deadline no further effort is tried. */
  readonly budget?: Budget
}

/** An index that can be searched both ways. */
interface SearchableIndex {
  ids(): Uint32Array
  get(id: number): Float32Array | undefined
  search(query: Float32Array, k: number, options: { readonly ef: number; readonly budget: Budget }): NearestVectors
  searchExact(query: Float32Array, k: number, options: { readonly budget: Budget }): NearestVectors
}

/** What an index tells of itself. */
interface Known {
  readonly dimensions: number
  readonly curve: RecallCurve | undefined
  readonly efUnmeasured: number
}

interface EvaluationQuery {
  readonly vector: Float32Array
  /** Its own id, which is not to be found. */
  readonly self: number | undefined
}

/** Searches an index with growing effort, and exactly. */
export function evaluateIndex(index: SearchableIndex, options: EvaluationOptions, known: Known): Evaluation {
  const { k = kDefault, sample = sampleDefault, budget } = options
  const efs = effortsFor(k, options.efs)
  const queries = options.queries ? packed(options.queries, known.dimensions) : sampled(index, sample)
  const isLate = (): boolean => budget?.deadline !== undefined && performance.now() >= budget.deadline
  const search = { budget: { signal: budget?.signal } }
  const nearest: number[][] = []
  for (const query of queries) {
    if (isLate()) break
    nearest.push(distancesTo(query, k, index.searchExact(query.vector, asked(query, k), search)))
  }
  const efforts: EvaluatedEffort[] = []
  for (const ef of nearest.length ? efs : []) {
    if (isLate()) break
    const begun = performance.now()
    const found = nearest.map((_, i) => index.search(queries[i]!.vector, asked(queries[i]!, k), { ...search, ef }))
    const milliseconds = (performance.now() - begun) / found.length
    const shares = found.map((result, i) => shareOfNearest(distancesTo(queries[i]!, k, result), nearest[i]!))
    efforts.push({ ef, recall: meanOf(shares), milliseconds, ...evaluationsOf([known.curve], ef) })
  }
  return {
    ...{ k, queries: nearest.length, efforts },
    targets: targetsOf(k, [known.curve], known.efUnmeasured),
    graphs: [known.curve],
    complete: nearest.length === queries.length && (!nearest.length || efforts.length === efs.length),
  }
}

/** @throws QuiverError DIMENSION_MISMATCH */
function packed(vectors: Float32Array, dimensions: number): EvaluationQuery[] {
  const count = Math.ceil(vectors.length / dimensions)
  return Array.from({ length: count }, (_, i) => ({
    vector: vectors.slice(i * dimensions, (i + 1) * dimensions),
    self: undefined,
  }))
}

/** Vectors of the index, evenly from all of its ids. */
function sampled(index: SearchableIndex, count: number): EvaluationQuery[] {
  const ids = index.ids()
  return evenPlaces(ids.length, count).map((place) => ({ vector: index.get(ids[place]!)!, self: ids[place] }))
}

const asked = ({ self }: EvaluationQuery, k: number): number => (self === undefined ? k : k + 1)

function distancesTo({ self }: EvaluationQuery, k: number, { ids, distances }: NearestVectors): number[] {
  return [...distances].filter((_, i) => ids[i] !== self).slice(0, k)
}

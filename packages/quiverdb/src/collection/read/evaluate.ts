import { wordsFor } from '../../format/bitset.js'
import { whenResident } from '../../segment/part-file.js'
import { exactValues } from '../../segment/row-set.js'
import {
  type EvaluatedEffort,
  type Evaluation,
  evenPlaces,
  evaluationsOf,
  meanOf,
  shareOfNearest,
  targetsOf,
} from '../../vector/evaluation.js'
import { graphPresets } from '../../vector/graph-image.js'
import type { RowLocation } from '../version/directory.js'
import { type IndexState, livingWords } from '../version/index-state.js'
import type { CollectionState } from '../version/state.js'
import type { SearchPlan } from './plan.js'
import type { TopHits } from './top-hits.js'
import { Turns } from './turns.js'

/** A vector to search for, and the row that it is of, which is not to be found. */
export interface EvaluationQuery {
  readonly vector: Float32Array
  readonly self?: RowLocation
}

export interface EvaluationPlan {
  readonly collection: CollectionState
  readonly index: IndexState
  readonly queries: readonly EvaluationQuery[]
  readonly k: number
  /** Ascending. */
  readonly efs: readonly number[]
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((done: number, total: number) => void) | undefined
}

/** Searches one version exactly, then with growing effort. `run` runs one search. */
export async function evaluateVersion(plan: EvaluationPlan, run: (search: SearchPlan) => Promise<TopHits>): Promise<Evaluation> {
  const { collection, index, queries, k, efs, signal } = plan
  const total = queries.length * (1 + efs.length)
  const turns = new Turns()
  let done = 0
  let milliseconds = 0
  const distancesWith = async ({ vector, self }: EvaluationQuery, ef: number | undefined): Promise<number[]> => {
    const begun = performance.now()
    const hits = await run({
      ...{ collection, index, query: vector, count: self ? k + 1 : k, filter: undefined },
      ...{ exact: ef === undefined, ef, recall: undefined, maxDistance: Infinity, budget: { signal } },
    })
    milliseconds += performance.now() - begun
    plan.onProgress?.(++done, total)
    await turns.pause()
    const others = hits.rows().filter(({ state, slot }) => state.set !== self?.state.set || slot !== self.slot)
    return others.slice(0, k).map(({ distance }) => distance)
  }
  const nearest: number[][] = []
  for (const query of queries) nearest.push(await distancesWith(query, undefined))
  const graphs = await whenResident(() => index.graphs.map(({ header }) => header.recall))
  const efforts: EvaluatedEffort[] = []
  for (const ef of queries.length ? efs : []) {
    milliseconds = 0
    const shares: number[] = []
    for (const [i, query] of queries.entries()) shares.push(shareOfNearest(await distancesWith(query, ef), nearest[i]!))
    efforts.push({ ef, recall: meanOf(shares), milliseconds: milliseconds / queries.length, ...evaluationsOf(graphs, ef) })
  }
  const targets = targetsOf(k, graphs, graphPresets[index.index.definition.preset].efSearch)
  return { k, queries: queries.length, efforts, targets, graphs, complete: true }
}

/** Rows of an index as queries, evenly from all that it has; may need parts that are not there. */
export function sampledQueries(collection: CollectionState, { index, coverage }: IndexState, count: number): EvaluationQuery[] {
  const rows: RowLocation[] = []
  const slots = collection.sets.map((state) => {
    const words = new Uint32Array(wordsFor(state.rows))
    livingWords(coverage.of(state.set, state.rows).held, state.dead, state.rows, words)
    return { state, slots: slotsOf(words) }
  })
  const total = slots.reduce((sum, set) => sum + set.slots.length, 0)
  const places = evenPlaces(total, count)
  let first = 0
  for (const { state, slots: own } of slots) {
    for (const place of places) {
      const slot = own[place - first]
      if (slot !== undefined) rows.push({ state, slot })
    }
    first += own.length
  }
  return rows.map((self) => ({ vector: Float32Array.from(exactValues(index.column(self.state.set)!, self.slot)), self }))
}

function slotsOf(words: Uint32Array): number[] {
  const slots: number[] = []
  words.forEach((word, at) => {
    for (let rest = word; rest !== 0; rest &= rest - 1) slots.push(32 * at + 31 - Math.clz32(rest & -rest))
  })
  return slots
}

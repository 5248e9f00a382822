import { Bitset, wordsFor } from '../../format/bitset.js'
import { seedsOf } from '../../vector/among-allowed.js'
import type { SetState } from '../version/directory.js'
import { type IndexState, markNode } from '../version/index-state.js'
import type { CollectionState } from '../version/state.js'
import type { RowFilter } from './matches.js'

/** What a filter leaves of one graph: bit i of word i >> 5 stands for node i. */
export interface MatchedNodes {
  readonly allowed: Uint32Array
  readonly allowedCount: number
  readonly seeds: Uint32Array
}

/** What a filter leaves of an index in one version. */
export interface Matched {
  /** By graph. */
  readonly graphs: readonly MatchedNodes[]
  /** Matching rows that no graph holds, by set; sets without any are left out. */
  readonly open: ReadonlyMap<SetState, Uint32Array>
  /** Records with a vector that match. */
  readonly count: number
}

/** Filters whose matches a version remembers. */
const rememberedMax = 16
const remembered = new WeakMap<CollectionState, Map<string, Matched>>()

const nameOf = (index: IndexState, question: string): string => `${index.index.definition.uuid} ${question}`

/** What is remembered of a filter that was asked before. */
export function knownMatched(collection: CollectionState, index: IndexState, filter: RowFilter): Matched | undefined {
  return filter.question === undefined ? undefined : remembered.get(collection)?.get(nameOf(index, filter.question))
}

export function matchedBy(collection: CollectionState, index: IndexState, filter: RowFilter): Matched {
  const { coverage, graphs } = index
  const nodes = graphs.map((graph) => new Bitset(graph.nodes))
  const open = new Map<SetState, Uint32Array>()
  let count = 0
  for (const state of collection.sets) {
    const column = index.index.column(state.set)
    if (!column) continue
    const { held, open: openRows, openRows: openCount } = coverage.of(state.set, state.rows)
    const matching = filter.matching(state)
    if (openCount > 0) {
      const words = common(matching, openRows, state.rows)
      const found = Bitset.over(words).count()
      if (found > 0) open.set(state, words)
      count += found
    }
    // To the graphs, a row that does not match is as good as deleted.
    const others = Bitset.over(Uint32Array.from(matching.words, (word) => ~word))
    if (coverage.markAscending({ ...state, dead: others }, nodes)) continue
    for (let slot = 0; slot < state.rows; slot++) {
      if (matching.has(slot) && held.has(slot) && !openRows.has(slot)) markNode(graphs, nodes, column.vid(slot))
    }
  }
  const inGraphs = nodes.map(({ words: allowed }): MatchedNodes => {
    const allowedCount = Bitset.over(allowed).count()
    count += allowedCount
    return { allowed, allowedCount, seeds: seedsOf(allowed, allowedCount) }
  })
  const matched = { graphs: inGraphs, open, count }
  if (filter.question !== undefined) remember(collection, nameOf(index, filter.question), matched)
  return matched
}

function common(a: Bitset, b: Bitset, rows: number): Uint32Array {
  const words = new Uint32Array(wordsFor(rows))
  for (let i = 0; i < words.length; i++) words[i] = (a.words[i] ?? 0) & (b.words[i] ?? 0)
  return words
}

function remember(collection: CollectionState, name: string, matched: Matched): void {
  let known = remembered.get(collection)
  if (!known) remembered.set(collection, (known = new Map()))
  if (known.size >= rememberedMax) known.delete(known.keys().next().value!)
  known.set(name, matched)
}

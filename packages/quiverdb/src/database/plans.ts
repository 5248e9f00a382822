import type { CollectionState } from '../collection/version/state.js'
import type { IndexState } from '../collection/version/index-state.js'
import { countIndexed } from '../collection/status.js'
import { Memtable } from '../segment/memtable.js'
import type { RowPart } from '../segment/row-part.js'
import type { SetState } from '../collection/version/directory.js'
import type { Tuning } from './tuning.js'

/** What may be done now. */
export interface Occasion {
  /** Nobody has written for a while, or the caller wants all work done: then also what is only worth doing at rest. */
  readonly idle: boolean
  readonly build: boolean
  readonly merge: boolean
}

/** A graph that is due: over the rows that no graph holds, or over them and small graphs, inserted into a copy of the largest. */
export interface GraphPlan {
  readonly kind: 'build' | 'merge'
  readonly index: IndexState
  /** Insert into the copy of the largest graph; else build from nothing. */
  readonly intoLargest: boolean
  /** Rows of all graphs, not only those that no graph holds. */
  readonly all: boolean
}

/** Below this many rows a tail is left as it is, at rest too. */
const tailRowsAtRest = 128
/** Dead nodes are taken out of a copy when more than this share is dead, or when other rows go into one anyway. */
const deadShareMax = 0.3
/** A graph is built anew when more than this share is dead: most lists would have to be mended, */
const rebuildShare = 0.6
/** or when so many times its rows have come: then its centre is that of other data. */
const regrowth = 4
/** A tail makes a small graph while it is smaller than this share of the large one; else it goes into the large one at once. */
const smallShareMax = 0.25
const compactInputsMax = 64
const tierBytes = 256 * 1024

/** The next graph that is due in a collection, if any. One large graph, few small ones, and a tail: see `docs/ARCHITECTURE.md`, "Upkeep". */
export function planGraph(collection: CollectionState, tuning: Tuning, occasion: Occasion): GraphPlan | undefined {
  for (const index of collection.indexes) {
    const plan = planIndex(collection, index, tuning, occasion)
    if (plan) return plan
  }
  return undefined
}

function planIndex(
  collection: CollectionState,
  index: IndexState,
  tuning: Tuning,
  { idle, build, merge }: Occasion,
): GraphPlan | undefined {
  const [largest, ...small] = index.graphs
  const { records, unindexed } = countIndexed(collection, index)
  const due = unindexed >= tuning.tailRowsMax
  if (!largest) {
    const enough = due || (idle && unindexed >= tuning.graphRowsMin)
    return build && enough ? { kind: 'build', index, intoLargest: false, all: true } : undefined
  }
  const smallNodes = small.reduce((sum, { nodes }) => sum + nodes, 0)
  const outgrown = unindexed + smallNodes >= largest.nodes * regrowth
  const dead = largest.nodes + smallNodes - (records - unindexed)
  if (merge && dead > (largest.nodes + smallNodes) * deadShareMax) {
    const intoLargest = !outgrown && dead <= (largest.nodes + smallNodes) * rebuildShare
    return records >= tuning.graphRowsMin || idle ? { kind: 'merge', index, intoLargest, all: true } : undefined
  }
  const restDue = idle && (small.length > 0 || unindexed > Math.max(tailRowsAtRest, largest.nodes / 256))
  const asSmall = unindexed < largest.nodes * smallShareMax && small.length < tuning.smallGraphsMax
  if (build && (due || (idle && !merge && unindexed >= tuning.graphRowsMin)) && asSmall && !(restDue && merge)) {
    return { kind: 'build', index, intoLargest: false, all: false }
  }
  if (!merge || !(due || restDue)) return undefined
  return { kind: 'merge', index, intoLargest: !outgrown, all: true }
}

/** Rows in memory are to be sealed: they are many, or a graph is due that needs them. */
export function flushDue(collection: CollectionState, tuning: Tuning, occasion: Occasion): boolean {
  let rows = 0
  let bytes = 0
  for (const { set, rows: present } of collection.sets) {
    if (!(set instanceof Memtable)) continue
    rows += present
    bytes += set.sizeBytes
  }
  if (rows === 0) return false
  return rows >= tuning.flushRows || bytes >= tuning.flushBytes || planGraph(collection, tuning, occasion) !== undefined
}

/** Parts that are due to become one: many of one size, one with mostly dead rows, or one whose vectors lie in its fields' text. */
export function planCompaction(collection: CollectionState, tuning: Tuning): readonly SetState[] | undefined {
  const sealed = collection.sets.filter(({ number }) => collection.entries.has(number))
  const wasteful = sealed.find((state) => state.dead.count() * 2 > state.rows || hasBuriedVectors(collection, state))
  if (wasteful) return [wasteful]
  // Rows that no graph holds are scanned, and that is quick only while they lie together: they are merged among themselves.
  const tiers = new Map<string, SetState[]>()
  for (const state of sealed) {
    const tier = Math.max(0, Math.floor(Math.log(bytesOfPart(state) / tierBytes) / Math.log(tuning.compactParts)))
    const group = `${String(tier).padStart(3, '0')} ${isMostlyOpen(collection, state) ? 'open' : 'held'}`
    tiers.set(group, [...(tiers.get(group) ?? []), state])
  }
  for (const [, states] of [...tiers].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const chosen = withinBytes(states, tuning.partBytesMax)
    if (chosen.length >= tuning.compactParts) return chosen
  }
  return undefined
}

function withinBytes(states: readonly SetState[], bytesMax: number): SetState[] {
  const chosen: SetState[] = []
  let bytes = 0
  for (const state of states.slice(0, compactInputsMax)) {
    bytes += bytesOfPart(state)
    if (bytes > bytesMax) break
    chosen.push(state)
  }
  return chosen
}

function bytesOfPart({ set }: SetState): number {
  return (set as RowPart).file.directory().objectBytes
}

function isMostlyOpen(collection: CollectionState, { set, rows }: SetState): boolean {
  return collection.indexes.some(({ coverage, graphs }) => graphs.length > 0 && coverage.of(set, rows).openRows * 2 > rows)
}

function hasBuriedVectors(collection: CollectionState, state: SetState): boolean {
  return collection.indexes.some(({ index, coverage }) => {
    if (index.definition.source !== 'field' || state.set.column(index.columnKey)) return false
    return coverage.of(state.set, state.rows).held.count() > 0
  })
}

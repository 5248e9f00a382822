import type { CollectionState } from '../collection/version/state.js'
import type { IndexState } from '../collection/version/index-state.js'
import { countIndexed } from '../collection/status.js'
import type { IndexDefinition } from '../history/commit.js'
import type { GraphPart } from '../segment/graph-part.js'
import { Memtable } from '../segment/memtable.js'
import type { RowPart } from '../segment/row-part.js'
import type { SetState } from '../collection/version/directory.js'
import { declaredFields, isAnyDeclared, isSameText } from '../collection/version/texts.js'
import { type GraphMode, graphPresets, nodeBytes } from '../vector/graph-image.js'
import { graphNodesMax } from '../vector/graph-room.js'
import { type GraphStep, type Occasion, planStep } from './graph-plan.js'
import type { Tuning } from './tuning.js'

/** What background work may take up, and when it is due. */
export interface PlanLimits extends Tuning {
  /** Bound over the linear memory of the database. */
  readonly memoryBytesMax: number
  /** The largest object that the store takes. */
  readonly objectBytesMax: number
}

/** A graph that is due in an index. */
export interface GraphPlan extends GraphStep<GraphPart> {
  readonly index: IndexState
  /** What it is to keep in memory. */
  readonly mode: GraphMode
  /** Its most nodes. */
  readonly nodesMax: number
}

/** Blocks are made where those of all graphs of an index take at most this share of the memory bound: others want to be there too. */
const blocksShareMax = 0.25
const compactInputsMax = 64
const tierBytes = 256 * 1024
/** A part is written anew without its dead rows when they are more: their vectors are in memory with the others. */
const deadShareMax = 1 / 3

/** The next graph that is due in a collection, if any. */
export function planGraph(collection: CollectionState, limits: PlanLimits, occasion: Occasion): GraphPlan | undefined {
  for (const index of collection.indexes) {
    const { records, unindexed } = countIndexed(collection, index)
    if (unindexed === 0 && index.graphs.length === 0) continue
    const { definition } = index.index
    const mode = modeFor(definition, records, limits.memoryBytesMax)
    const nodesMax = mostNodes(definition, mode, limits)
    const living = (): readonly number[] => index.aliveCounts(collection.sets)
    const step = planStep({ graphs: index.graphs, records, unindexed, living, nodesMax }, limits, occasion)
    if (step) return { ...step, index, mode, nodesMax }
  }
  return undefined
}

/** What graphs over so many rows together are to keep in memory. */
function modeFor(definition: IndexDefinition, rows: number, memoryBytesMax: number): GraphMode {
  if (definition.mode) return definition.mode
  if (definition.codes === 'float32') return 'memory'
  const { m0 } = graphPresets[definition.preset]
  return rows * nodeBytes({ ...definition, m0 }, 'speed') <= memoryBytesMax * blocksShareMax ? 'speed' : 'memory'
}

function mostNodes(definition: IndexDefinition, mode: GraphMode, limits: PlanLimits): number {
  const { m0 } = graphPresets[definition.preset]
  const most = graphNodesMax({ ...definition, m0 }, mode, limits.objectBytesMax)
  return Math.min(most, limits.graphNodesMax || most)
}

/** Rows in memory are to be sealed: they are many, or a graph is due that needs them. */
export function flushDue(collection: CollectionState, limits: PlanLimits, occasion: Occasion): boolean {
  let rows = 0
  let bytes = 0
  for (const { set, rows: present } of collection.sets) {
    if (!(set instanceof Memtable)) continue
    rows += present
    bytes += set.sizeBytes
  }
  if (rows === 0) return false
  return rows >= limits.flushRows || bytes >= limits.flushBytes || planGraph(collection, limits, occasion) !== undefined
}

/** Parts that are due to become one: many of one size, one with many dead rows, or one whose vectors lie in its fields' text. */
export function planCompaction(collection: CollectionState, tuning: Tuning): readonly SetState[] | undefined {
  const sealed = collection.sets.filter(({ number }) => collection.entries.has(number))
  const wasteful = sealed.find((state) => state.dead.count() > deadShareMax * state.rows || hasBuriedVectors(collection, state))
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

/** A part that has not the field and text indexes that are declared. Smaller ones have to wait until they are merged. */
export function planFields(collection: CollectionState, tuning: Tuning): SetState | undefined {
  const declared = declaredFields(collection)
  if (!isAnyDeclared(declared)) return undefined
  const paths = declared.paths.join('\n')
  return collection.sets.find(({ number, rows }) => {
    const entry = collection.entries.get(number)
    if (entry === undefined || rows < tuning.fieldRowsMin) return false
    const { fields } = entry
    // What is in the part and no longer declared does no harm.
    const hasTexts = declared.texts.every((text) => fields?.texts?.some((made) => isSameText(text, made)))
    return !hasTexts || fields?.paths.join('\n') !== paths
  })
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

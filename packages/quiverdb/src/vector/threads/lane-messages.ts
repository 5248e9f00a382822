import type { KernelMemory } from '@quiverdb/kernel'
import type { Budget } from '../budget.js'
import type { FlatPlace } from '../flat/flat-vectors.js'
import type { GraphPlace } from '../graph-memory.js'
import type { BlockPlace } from '../code-block.js'
import type { Metric } from '../metric.js'
import type { BlockScanOptions, ScanResult } from '../scan.js'
import type { DenseMeasure } from '../measure/measure.js'
import type { KeptCurve } from '../recall-curve.js'
import type { GraphSearchOptions } from '../resident-graph.js'
import type { PackedResults } from './packed-results.js'
import type { ScanShape } from './scan-board.js'

/** Words that all lanes share which share out the nodes of a graph. */
export const takingWords = Object.freeze({
  /** The next node that nobody has taken. */
  next: 0,
  /** 1: takes no more. */
  stop: 1,
  count: 2,
})

/** Inserts nodes of a graph up to `end`, or packs their blocks, in competition with other lanes. */
export interface NodesTask {
  readonly kind: 'insert' | 'pack'
  readonly graph: GraphPlace
  readonly end: number
  /** `takingWords`. */
  readonly words: Int32Array
}

/** Answers queries from a graph, one after the other. */
export interface SearchTask {
  readonly kind: 'search'
  readonly graph: GraphPlace
  /** Of a graph with sketches: by it a search chooses them. */
  readonly recall?: KeptCurve
  /** Tightly packed. */
  readonly queries: Float32Array
  readonly options: Omit<GraphSearchOptions, 'budget'>
  readonly budget?: TaskBudget
}

/** A budget without its signal. `deadline` is in milliseconds since 1970: the clocks of two threads begin at different times. */
export interface TaskBudget {
  readonly deadline?: number
  readonly evaluationsPerStep?: number
  readonly evaluationsMax?: number
}

export function taskBudget({ deadline, evaluationsPerStep, evaluationsMax }: Budget): TaskBudget {
  return { deadline: deadline === undefined ? undefined : performance.timeOrigin + deadline, evaluationsPerStep, evaluationsMax }
}

/** An array for a message, which takes the whole buffer behind a view along. */
export function messaged<Numbers extends Float32Array | Uint32Array>(numbers: Numbers): Numbers {
  return (numbers.byteLength === numbers.buffer.byteLength ? numbers : numbers.slice()) as Numbers
}

/** Takes part in a scan. */
export interface ScanTask {
  readonly kind: 'scan'
  /** The board of the scan. */
  readonly shape: ScanShape
  readonly shared: SharedArrayBuffer
  readonly vectors: FlatPlace
  readonly queries: readonly Float32Array[]
  readonly measure: Pick<DenseMeasure, 'name' | 'weights'>
  readonly k: number
  readonly allowed?: Uint32Array
  readonly budget?: TaskBudget
}

/** Scans a block of codes: see `scanBlock`. */
export interface BlockTask {
  readonly kind: 'block'
  readonly block: BlockPlace
  readonly query: Float32Array
  readonly metric: Metric
  readonly options: Omit<BlockScanOptions, 'budget'>
  readonly budget?: TaskBudget
}

export type LaneTask = NodesTask | SearchTask | ScanTask | BlockTask

/** What each task answers with. */
export interface TaskResults {
  readonly insert: undefined
  readonly pack: undefined
  readonly search: PackedResults
  readonly scan: undefined
  readonly block: ScanResult
}

export type ResultOf<Task extends LaneTask> = TaskResults[Task['kind']]

/** A piece of memory: address and bytes. */
export type Piece = readonly [pointer: number, bytes: number]

/** One task for a lane. */
export interface LaneCall {
  readonly call: number
  /** The owner's number of the arena that the task works in. */
  readonly arena: number
  /** The memory of an arena that the lane has not met. */
  readonly memory?: KernelMemory
  /** How long that memory is by now. */
  readonly memoryBytes: number
  /** Memory for the lane's own use, in addition to what it has. */
  readonly given: readonly Piece[]
  /** One shared word; 1: the task is to end early. */
  readonly cancelled?: Int32Array
  readonly task: LaneTask
}

export type LaneReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly call: number; readonly result: TaskResults[LaneTask['kind']] }
  | {
      readonly kind: 'failed'
      readonly call: number
      readonly code: string
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }

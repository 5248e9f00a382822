import { QuiverError } from '../../errors.js'
import type { Budget } from '../budget.js'
import { GraphMemory } from '../graph-memory.js'
import { composite } from '../measure/composite.js'
import { measures } from '../measure/measures.js'
import { MemoryPool } from '../memory-pool.js'
import { ResidentGraph } from '../resident-graph.js'
import { CodeBlock } from '../code-block.js'
import { scanBlock, type ScanResult } from '../scan.js'
import {
  type BlockTask,
  type LaneCall,
  type LaneReply,
  type LaneTask,
  type NodesTask,
  type ScanTask,
  type SearchTask,
  takingWords,
  type TaskBudget,
  type TaskResults,
} from './lane-messages.js'
import { type PackedResults, packResults } from './packed-results.js'
import { ScanBoard } from './scan-board.js'
import { scanRanges } from './scan-ranges.js'
import { placeSelection, placeWalk } from '../walk-room.js'

/** Nodes that a lane takes at a time: few, so that it soon sees that it should stop, and that no lane is left with much at the end. */
const nodesPerTake = Object.freeze({ insert: 8, pack: 64 })

/**
 * A thread that works in memory which it shares with the thread that owns it. It allocates nothing there: all that it needs for itself
 * (marks of visited nodes, candidates) lies in pieces that the owner gave it.
 */
export class Lane {
  readonly #pools = new Map<number, Promise<MemoryPool>>()

  /** Answers a call. Never throws. */
  async answer(call: LaneCall): Promise<LaneReply> {
    try {
      const pool = await this.#poolOf(call)
      pool.onlyArena.catchUp(call.memoryBytes)
      for (const [pointer, bytes] of call.given) pool.give(pointer, bytes)
      return { kind: 'done', call: call.call, result: run(pool, call) }
    } catch (error) {
      const { code, details } = error instanceof QuiverError ? error : { code: 'INTERNAL', details: {} }
      return { kind: 'failed', call: call.call, code, message: error instanceof Error ? error.message : String(error), details }
    }
  }

  #poolOf({ arena, memory }: LaneCall): Promise<MemoryPool> {
    const present = this.#pools.get(arena)
    if (present) return present
    if (!memory) throw new QuiverError('INTERNAL', 'A lane was called into a memory that it does not have.')
    const pool = MemoryPool.within(memory)
    this.#pools.set(arena, pool)
    return pool
  }
}

function run(pool: MemoryPool, { task, cancelled }: LaneCall): TaskResults[LaneTask['kind']] {
  switch (task.kind) {
    case 'insert':
      return insert(pool, task)
    case 'pack':
      return pack(pool, task)
    case 'scan':
      return scan(pool, task, budgetOf(task.budget, cancelled))
    case 'block':
      return scanned(pool, task, budgetOf(task.budget, cancelled))
    case 'search':
      return search(pool, task, budgetOf(task.budget, cancelled))
  }
}

function budgetOf(budget: TaskBudget | undefined, cancelled: Int32Array | undefined): Budget {
  const signal = {
    get aborted() {
      return cancelled !== undefined && Atomics.load(cancelled, 0) === 1
    },
    reason: undefined,
  }
  const deadline = budget?.deadline === undefined ? undefined : budget.deadline - performance.timeOrigin
  // Searches ask a signal for nothing else.
  return { ...budget, deadline, signal: signal as AbortSignal }
}

function insert(pool: MemoryPool, task: NodesTask): undefined {
  const memory = GraphMemory.within(pool, task.graph)
  const { kernel } = memory.arena
  const walk = placeWalk(memory, memory.parameters.efConstruction, false)
  const selection = placeSelection(memory)
  takeNodes(task, (from, to) => kernel.insertNodes(memory.pointer, walk, selection, from, to))
}

function pack(pool: MemoryPool, task: NodesTask): undefined {
  const { arena, pointer } = GraphMemory.within(pool, task.graph)
  takeNodes(task, (from, to) => arena.kernel.packBlocks(pointer, from, to))
}

/** Takes nodes that no other lane has taken until there are none, or the lanes are to stop. What was taken is done. */
function takeNodes({ kind, end, words }: NodesTask, use: (from: number, to: number) => void): void {
  const count = nodesPerTake[kind]
  while (!Atomics.load(words, takingWords.stop)) {
    const from = Atomics.add(words, takingWords.next, count)
    if (from >= end) return
    use(from, Math.min(from + count, end))
  }
}

function search(pool: MemoryPool, { graph, recall, queries, options }: SearchTask, budget: Budget): PackedResults {
  const resident = new ResidentGraph(GraphMemory.within(pool, graph), recall)
  const { dimensions } = graph.parameters
  const results = Array.from({ length: queries.length / dimensions }, (_, i) =>
    resident.search(queries.subarray(i * dimensions, (i + 1) * dimensions), { ...options, budget }),
  )
  return packResults(results)
}

function scanned(pool: MemoryPool, { block, query, metric, options }: BlockTask, budget: Budget): ScanResult {
  return scanBlock(CodeBlock.within(pool, block), query, metric, { ...options, budget })
}

function scan(pool: MemoryPool, task: ScanTask, budget: Budget): undefined {
  const { vectors, queries, k, allowed } = task
  const { name, weights } = task.measure
  const measure = name === 'composite' ? composite(weights) : measures[name]
  const board = new ScanBoard(task.shape, task.shared)
  scanRanges(pool, pool.onlyArena, { board, vectors, queries, options: { measure, k, allowed, budget } })
}

import { QuiverError } from '../../errors.js'
import type { Arena } from '../arena.js'
import type { MemoryPool } from '../memory-pool.js'
import { LaneLink } from './lane-link.js'
import type { LaneTask, ResultOf } from './lane-messages.js'
import { lanesByDefault, spawnLaneHere } from './spawn.js'

/** Threads of one kind, at most. */
export const lanesMax = 64

/**
 * Threads that work in the memory of one pool. They take work from the thread that owns the pool, which alone allocates in it; what a call
 * works on must not be freed before it is answered.
 */
export class Lanes {
  readonly pool: MemoryPool
  readonly #links: readonly LaneLink[]

  private constructor(pool: MemoryPool, links: readonly LaneLink[]) {
    this.pool = pool
    this.#links = links
  }

  /** `count`: 1 to 64; default: the number of cores, at most 4. @throws QuiverError UNSUPPORTED unless the pool is shared, INVALID_ARGUMENT */
  static async start(pool: MemoryPool, count?: number): Promise<Lanes> {
    if (!pool.shared)
      throw new QuiverError('UNSUPPORTED', 'Threads need a pool whose memory is shared: MemoryPool.create({ shared: true }).')
    const wanted = count ?? (await lanesByDefault())
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > lanesMax) {
      throw new QuiverError('INVALID_ARGUMENT', `threads must be an integer from 1 to ${lanesMax}, not ${wanted}.`)
    }
    const spawn = await spawnLaneHere()
    const lanes = new Lanes(
      pool,
      Array.from({ length: wanted }, () => new LaneLink(pool, spawn)),
    )
    try {
      await Promise.all(lanes.#links.map((link) => link.ready))
    } catch (error) {
      await lanes.close()
      throw error
    }
    return lanes
  }

  get count(): number {
    return this.#links.length
  }

  /** Runs a task on the lane that has the least to do. */
  run<Task extends LaneTask>(arena: Arena, task: Task, signal?: AbortSignal): Promise<ResultOf<Task>> {
    const [first, ...others] = this.#links
    const link = others.reduce((best, other) => (other.load < best.load ? other : best), first!)
    return link.call(arena, task, signal)
  }

  /** Runs a task on every lane. All have ended when it resolves or rejects. */
  async runOnAll<Task extends LaneTask>(arena: Arena, task: Task): Promise<ResultOf<Task>[]> {
    const settled = await Promise.allSettled(this.#links.map((link) => link.call(arena, task)))
    return settled.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason
      return outcome.value
    })
  }

  /** Posts a task to every lane and goes on. Whether a lane does it, and how it ends, is for the task itself to tell. */
  startOnAll(arena: Arena, task: LaneTask): void {
    for (const link of this.#links) link.call(arena, task).catch(() => undefined)
  }

  /** Ends the threads at once and gives their memory back. Calls that are not answered reject with CLOSED. */
  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()))
  }
}

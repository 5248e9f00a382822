import type { GraphMemory } from './graph-memory.js'
import { placeSelection, placeWalk } from './walk-room.js'

/** A sweep begins when this share of the nodes is gone and still linked, and at least so many nodes. */
const sweepShare = 1 / 64
const sweepMin = 32
/** Lists that are swept per node that was deleted, so that a sweep is over before as many again are gone. */
const listsPerStep = 2 / sweepShare
const listsPerCall = 4096
/** Nodes around a deleted one whose lists are looked at. */
const efDelete = 96

/**
 * Deletion in a graph. A deleted node is unlinked from all that is found around it, and stands by, walked through and never returned, until a
 * sweep over all lists has cut the rest of the links to it; then its place is free. Sweeping goes on a step at each deletion.
 */
export class GraphUpdates {
  #memory: GraphMemory
  readonly #free: number[] = []
  /** Gone since the present sweep began, or since the last. */
  #tombstones: number[] = []
  /** Gone before the present sweep began. */
  #swept: number[] = []
  /** Left with few links by the sweep. */
  #poor: number[] = []
  #next = 0
  #end = 0

  constructor(memory: GraphMemory) {
    this.#memory = memory
  }

  /** Nodes that are gone and may still be linked. */
  get tombstones(): number {
    return this.#tombstones.length + this.#swept.length
  }

  /** Nodes that can be filled again. */
  get free(): number {
    return this.#free.length
  }

  /** Goes on in memory to which the graph was moved. */
  moveTo(memory: GraphMemory): void {
    this.#memory = memory
  }

  /** Allocates what all calls need, so that they cannot fail. @throws QuiverError MEMORY_FULL */
  reserve(): void {
    const memory = this.#memory
    placeWalk(memory, Math.max(efDelete, memory.parameters.efConstruction), false)
    placeSelection(memory)
    this.#placePoor()
  }

  delete(node: number): void {
    const memory = this.#memory
    memory.gone()
    const walk = placeWalk(memory, efDelete, false)
    memory.arena.kernel.deleteNode(memory.pointer, walk, placeSelection(memory), node)
    this.#tombstones.push(node)
    if (this.#swept.length || this.tombstones >= Math.max(sweepMin, memory.nodes * sweepShare)) this.sweep(listsPerStep)
  }

  /** Deletes many at once: cheaper than one by one where they are a good part of all. Nothing links to them afterwards. */
  deleteTogether(nodes: ArrayLike<number>): void {
    const memory = this.#memory
    const gone = memory.gone()
    for (let i = 0; i < nodes.length; i++) {
      gone[nodes[i]! >>> 5]! |= 1 << (nodes[i]! & 31)
      this.#tombstones.push(nodes[i]!)
    }
    memory.arena.kernel.chooseEntry(memory.pointer)
    this.sweep()
  }

  /** A free place, no longer free. */
  take(): number | undefined {
    return this.#free.pop()
  }

  /** Links the vector that was encoded into a place that was taken. */
  insert(node: number): void {
    const memory = this.#memory
    const walk = placeWalk(memory, memory.parameters.efConstruction, false)
    const length = memory.arena.kernel.insertNode(memory.pointer, walk, placeSelection(memory), node)
    // A walk among many that are gone finds too few to link to.
    if (length >= memory.parameters.m || this.tombstones + memory.parameters.m <= memory.parameters.efConstruction) return
    this.sweep()
    this.#reconnect(node)
  }

  /** Sweeps up to so many lists. Returns whether nothing that is gone is linked any more. */
  sweep(lists = Infinity): boolean {
    for (let left = lists; left > 0;) {
      if (!this.#swept.length && !this.#begin()) return true
      left -= this.#step(Math.min(left, listsPerCall))
    }
    return this.tombstones === 0
  }

  #begin(): boolean {
    if (!this.#tombstones.length) return false
    this.#swept = this.#tombstones
    this.#tombstones = []
    this.#next = 0
    this.#end = this.#memory.nodes
    return true
  }

  #step(lists: number): number {
    const memory = this.#memory
    const { kernel } = memory.arena
    if (this.#next < this.#end) {
      const from = this.#next
      this.#next = Math.min(this.#end, from + lists)
      const selection = placeSelection(memory)
      const poor = this.#placePoor()
      const count = kernel.sweepNodes(memory.pointer, selection, from, this.#next, poor)
      this.#poor.push(...memory.arena.u32.subarray(poor / 4, poor / 4 + count))
      return this.#next - from
    }
    const poor = this.#poor.pop()
    if (poor !== undefined) {
      if (!this.#isGone(poor)) this.#reconnect(poor)
      return 1
    }
    for (const node of this.#swept) kernel.clearNode(memory.pointer, node)
    for (const node of this.#swept.reverse()) this.#free.push(node)
    this.#swept = []
    return 1
  }

  #reconnect(node: number): void {
    const memory = this.#memory
    const walk = placeWalk(memory, memory.parameters.efConstruction, false)
    memory.arena.kernel.reconnectNode(memory.pointer, walk, placeSelection(memory), node)
  }

  #isGone(node: number): boolean {
    return ((this.#memory.gone()[node >>> 5]! >>> (node & 31)) & 1) === 1
  }

  #placePoor(): number {
    return this.#memory.pool.scratch(this.#memory.arena, 'poor', 4 * listsPerCall)
  }
}

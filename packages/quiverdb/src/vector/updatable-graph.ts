import { assert, QuiverError } from '../errors.js'
import { allocateAmply } from './amply.js'
import { ExactScorer } from './exact-scorer.js'
import { GraphDrift } from './graph-drift.js'
import { type GraphParameters, graphParameters, type GraphParametersInput } from './graph-image.js'
import { GraphUpdates } from './graph-updates.js'
import { HnswBuilder } from './hnsw-builder.js'
import { LivingRecall } from './living-recall.js'
import { type LivingSearchOptions, searchLiving } from './living-search.js'
import type { Budget } from './budget.js'
import type { MemoryPool } from './memory-pool.js'
import { nearestOf } from './nearest-of.js'
import type { NearestVectors } from './nearest-list.js'
import { NodeNumbers } from './node-numbers.js'
import type { RecallCurve } from './recall-curve.js'
import { ResidentGraph } from './resident-graph.js'
import { StoredVectors } from './stored-vectors.js'
import { encodeNodes } from './graph-encoding.js'

const capacityMin = 64
const capacityGrowth = 1.5
/** Room for nodes that are gone and still linked, as a share of the others. */
const spareShare = 1 / 32
/** Up to here a look at all nodes takes less than a millisecond; beyond, one is due when a share of 1/64 is new. */
const smallSize = 4096
const repairShare = 64
/** Codes are made anew when the mean has left their centre by more than this share of the spread of the vectors, ... */
const recentreDrift = 0.5
/** ... and links too when it is so far off that codes hardly told neighbours apart. */
const rebuildDrift = 8
/** A greater norm than any seen leaves so much room for the next. */
const phiGrowth = 1.1

/** A graph in memory and the vectors in it, which come and go under numbers of their own: nodes change when vectors do, numbers do not. */
export class UpdatableGraph {
  readonly vectors: StoredVectors
  readonly numbers = new NodeNumbers()
  readonly #pool: MemoryPool
  readonly #parameters: GraphParameters
  readonly #scorer: ExactScorer
  #drift: GraphDrift
  #recall = new LivingRecall()
  #builder: HnswBuilder | undefined
  #updates: GraphUpdates | undefined
  #graph: ResidentGraph | undefined
  #changedSinceRepair = 0
  #isTaking = false

  constructor(pool: MemoryPool, options: GraphParametersInput) {
    const { dimensions, metric, codes, m, m0, efConstruction, seed } = options
    const given = Object.entries({ codes, m, m0, efConstruction, seed }).filter(([, value]) => value !== undefined)
    this.#parameters = graphParameters({ dimensions, metric, ...Object.fromEntries(given) })
    this.#pool = pool
    this.#scorer = new ExactScorer(pool)
    this.vectors = new StoredVectors(pool, dimensions)
    this.#drift = new GraphDrift(dimensions, metric)
  }

  get memoryBytes(): number {
    return this.vectors.bytes + (this.#builder?.memory.bytes ?? 0)
  }

  /** Adds tightly packed vectors that were checked. Returns their numbers. @throws QuiverError MEMORY_FULL */
  add(vectors: Float32Array): Uint32Array<ArrayBuffer> {
    const { ids, builder, updates } = this.#append(vectors)
    if (!builder.rebuildAdvised) builder.insertNext(builder.pending)
    this.#changed(builder, updates, ids.length)
    return ids
  }

  /**
   * As `add`, where `insert` links the new nodes in its own time: searches go on meanwhile, changes are refused. When it fails, vectors that
   * it came to stay, which are the first ones. @throws QuiverError CONFLICT, MEMORY_FULL, and what `insert` fails with
   */
  async addBy(vectors: Float32Array, insert: (builder: HnswBuilder) => Promise<void>): Promise<Uint32Array<ArrayBuffer>> {
    const { ids, builder, updates } = this.#append(vectors)
    this.#isTaking = true
    try {
      if (!builder.rebuildAdvised) await insert(builder)
    } finally {
      this.#isTaking = false
      const dropped = builder.rebuildAdvised ? 0 : builder.pending
      for (const id of ids.subarray(ids.length - dropped).reverse()) {
        this.#drift.remove(this.vectors.view(id))
        this.numbers.release(id)
      }
      if (dropped) builder.dropPending()
      this.#changed(builder, updates, ids.length)
    }
    return ids
  }

  /** Stores and encodes vectors; those for which there is no free node are pending in the builder. */
  #append(vectors: Float32Array) {
    this.#checkIdle()
    const { dimensions } = this.#parameters
    const count = vectors.length / dimensions
    this.vectors.reserve(this.numbers.end + Math.max(0, count - this.numbers.released))
    const { builder, updates } = this.#reserve(count, vectors, capacityGrowth)
    const ids = new Uint32Array(count)
    const vector = (i: number) => vectors.subarray(i * dimensions, (i + 1) * dimensions)
    let i = 0
    for (; i < count && updates.free; i++) ids[i] = this.#fill(builder, updates, this.numbers.take(), vector(i))
    // A walk among many that are gone would find too few to link to.
    if (i < count && updates.tombstones > this.#parameters.efConstruction / 2) updates.sweep()
    const first = builder.memory.nodes
    builder.append(vectors.subarray(i * dimensions))
    for (let node = first; i < count; i++, node++) {
      ids[i] = this.numbers.take()
      this.vectors.set(ids[i]!, vector(i))
      this.#drift.add(vector(i))
      this.numbers.bind(ids[i]!, node)
    }
    return { ids, builder, updates }
  }

  /** @throws QuiverError CONFLICT */
  #checkIdle(): void {
    if (this.#isTaking) throw new QuiverError('CONFLICT', 'Vectors are being added to the index; wait until they are.')
  }

  /** @throws QuiverError MEMORY_FULL, CONFLICT */
  delete(number: number): void {
    this.#checkIdle()
    const { builder, updates } = this.#present()
    builder.reserve(4 * this.#parameters.dimensions)
    updates.reserve()
    updates.delete(this.numbers.nodeOf(number))
    this.#drift.remove(this.vectors.view(number))
    this.numbers.release(number)
    if (!this.numbers.size) this.#clear(builder)
    this.#changed(builder, updates, 1)
  }

  /** @throws QuiverError MEMORY_FULL, CONFLICT */
  replace(number: number, vector: Float32Array): void {
    this.#checkIdle()
    const { builder, updates } = this.#reserve(1, vector, 1)
    updates.delete(this.numbers.nodeOf(number))
    this.#drift.remove(this.vectors.view(number))
    if (updates.free) this.#fill(builder, updates, number, vector)
    else {
      this.vectors.set(number, vector)
      this.#drift.add(vector)
      this.numbers.bind(number, builder.memory.nodes)
      builder.append(vector)
      builder.insertNext(1)
    }
    this.#changed(builder, updates, 2)
  }

  /** The k nearest that a walk finds, exactly scored; undefined where looking at all that are allowed is cheaper, or surer. */
  search(query: Float32Array, options: LivingSearchOptions): (NearestVectors & { readonly complete: boolean }) | undefined {
    const { builder, graph } = this.#present()
    this.#repairWhenDue(builder)
    const found = searchLiving(graph, this.numbers, query, options)
    if (!found) return undefined
    const nearest = nearestOf(this.#scorer, this.vectors, this.#parameters.metric, query, found, options.k)
    return { ...nearest, complete: found.complete }
  }

  /** What searches find by effort, measured when that is due; undefined where it could not be. */
  recall(budget?: Budget): RecallCurve | undefined {
    if (this.#isTaking) return this.#recall.known
    const { builder } = this.#present()
    this.#repairWhenDue(builder)
    return this.#recall.of(builder.memory, budget)
  }

  /** How many living vectors a search that begins now cannot reach. */
  audit(): number {
    if (this.#builder) this.#repairWhenDue(this.#builder)
    return this.#graph?.audit() ?? 0
  }

  free(): void {
    this.#checkIdle()
    this.#builder?.free()
    this.vectors.free()
    this.#scorer.free()
    this.numbers.clear()
    this.#recall = new LivingRecall()
    this.#drift = new GraphDrift(this.#parameters.dimensions, this.#parameters.metric)
    this.#builder = this.#graph = this.#updates = undefined
  }

  #present() {
    assert(this.#builder && this.#updates && this.#graph, 'an index with vectors has a graph')
    return { builder: this.#builder, updates: this.#updates, graph: this.#graph }
  }

  /** Allocates all that taking in `count` vectors needs. */
  #reserve(count: number, vectors: Float32Array, growth: number) {
    if (!this.#builder) this.#adopt(this.#create(Math.max(count, capacityMin), vectors))
    const room = () => this.#builder!.capacity - this.#builder!.memory.nodes + this.#updates!.free
    if (room() < count) this.#sweep()
    if (room() < count) {
      const { nodes } = this.#builder!.memory
      const wanted = nodes + count - this.#updates!.free
      const wished = Math.max(wanted + Math.ceil(wanted * spareShare), capacityMin, Math.ceil(growth * nodes))
      this.#adopt(allocateAmply(wished, wanted, (capacity) => this.#builder!.grown(capacity)))
    }
    const { builder, updates } = this.#present()
    builder.reserve(vectors.byteLength)
    updates.reserve()
    this.numbers.reserve(this.numbers.end + count, builder.capacity)
    return { builder, updates }
  }

  #sweep(): void {
    this.#updates!.reserve()
    this.#updates!.sweep()
  }

  #create(capacity: number, vectors: Float32Array): HnswBuilder {
    const { dimensions, metric } = this.#parameters
    const drift = new GraphDrift(dimensions, metric)
    for (let at = 0; at < vectors.length; at += dimensions) drift.add(vectors.subarray(at, at + dimensions))
    const calibration = { centre: drift.mean(), phi: metric === 'dot' ? drift.normMax : 0 }
    return HnswBuilder.create(this.#pool, { ...this.#parameters, capacity, calibration })
  }

  #adopt(builder: HnswBuilder): void {
    this.#builder = builder
    this.#graph = new ResidentGraph(builder.memory)
    if (this.#updates) this.#updates.moveTo(builder.memory)
    else this.#updates = new GraphUpdates(builder.memory)
  }

  /** Puts a vector into a free node. */
  #fill(builder: HnswBuilder, updates: GraphUpdates, number: number, vector: Float32Array): number {
    const node = updates.take()!
    this.vectors.set(number, vector)
    this.#drift.add(vector)
    this.numbers.bind(number, node)
    encodeNodes(builder.memory, vector, node)
    updates.insert(node)
    return number
  }

  #changed(builder: HnswBuilder, updates: GraphUpdates, count: number): void {
    this.#changedSinceRepair += count
    this.#recall.changed(count)
    if (builder.rebuildAdvised) this.#rebuild(builder, Math.sqrt(builder.memory.norm2Max) * phiGrowth)
    else if (this.#parameters.codes === 'int8') {
      const drift = this.#drift.from(builder.memory.centre())
      if (drift > rebuildDrift) this.#rebuild(builder, builder.memory.phi)
      else if (drift > recentreDrift) this.#recentre(builder, updates)
    }
  }

  /** Codes all vectors anew around their present mean. Links stay: they are between the same vectors. */
  #recentre(builder: HnswBuilder, updates: GraphUpdates): void {
    updates.sweep() // what is gone has no vector to be coded anew, so nothing may lead there
    const { memory } = builder
    memory.recalibrate({ centre: this.#drift.mean(), phi: memory.phi })
    for (let node = 0; node < memory.nodes; node++) {
      const number = this.numbers.numberOf(node)
      if (this.numbers.has(number)) encodeNodes(memory, this.vectors.view(number), node)
    }
  }

  /** Builds anew, for vectors of greater norms or of another place. Numbers stay. */
  #rebuild(builder: HnswBuilder, phi: number): void {
    const numbers = this.numbers.list()
    builder.restart({ centre: this.#drift.mean(), phi })
    this.#updates = new GraphUpdates(builder.memory)
    this.numbers.unbind()
    numbers.forEach((number, node) => {
      this.numbers.bind(number, node)
      builder.append(this.vectors.view(number))
    })
    builder.insertNext(builder.pending)
  }

  #clear(builder: HnswBuilder): void {
    builder.restart({ centre: this.#drift.mean(), phi: builder.memory.phi })
    this.#updates = new GraphUpdates(builder.memory)
  }

  /** New nodes are reachable when they come; the odd older one that lost its last link to them is found by looking at all. */
  #repairWhenDue(builder: HnswBuilder): void {
    const { nodes } = builder.memory
    if (this.#isTaking || !this.#changedSinceRepair || (nodes > smallSize && this.#changedSinceRepair * repairShare < nodes))
      return
    builder.repair()
    this.#changedSinceRepair = 0
  }
}

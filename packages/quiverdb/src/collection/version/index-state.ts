import type { Condition } from '../../filter/condition.js'
import { compileCondition } from '../../filter/evaluate.js'
import { FieldPath } from '../../filter/places.js'
import { parseWhere } from '../../filter/where.js'
import type { IndexDefinition } from '../../history/commit.js'
import { Bitset, wordsFor } from '../../format/bitset.js'
import type { GraphPart } from '../../segment/graph-part.js'
import { MemoryColumn } from '../../segment/memory-column.js'
import type { Residency } from '../../segment/residency.js'
import type { RowSet, VectorColumn } from '../../segment/row-set.js'
import { matchAscending } from '../../segment/sealed-vids.js'
import type { MemoryPool } from '../../vector/memory-pool.js'
import { columnKeyOf } from './column-key.js'
import type { SetState } from './directory.js'
import { textAt } from './managed-text.js'
import { VidLookup } from './vid-lookup.js'
import { fieldPath, readFields, touchesAny, vectorAt } from './fields.js'
import type { Fields } from '../types.js'

/** A vector index as it was declared, and what follows from that. Shared by all versions that have it. */
export class VectorIndex {
  readonly definition: IndexDefinition
  /** Which column of a row set holds its vectors. Indexes of one field and size share one. */
  readonly columnKey: string
  readonly condition: Condition | undefined
  readonly #textPath: FieldPath | undefined
  readonly #pool: MemoryPool
  readonly #residency: Residency | undefined
  readonly #matches: ((fields: Record<string, unknown>) => boolean) | undefined
  readonly #needsVectors: boolean
  /** Vectors taken out of the fields of sets that were written before this index existed. */
  readonly #derived = new WeakMap<RowSet, { column: MemoryColumn; skipped: number }>()

  readonly #vids = new WeakMap<RowSet, VidLookup>()

  constructor(definition: IndexDefinition, pool: MemoryPool, residency?: Residency) {
    this.#residency = residency
    this.definition = definition
    this.columnKey = columnKeyOf(definition)
    this.#textPath = definition.source === 'managed' ? new FieldPath(definition.field) : undefined
    this.#pool = pool
    this.condition = definition.where === undefined ? undefined : parseWhere(definition.where)
    this.#matches = this.condition && compileCondition(this.condition)
    this.#needsVectors = this.condition !== undefined && touchesAny(this.condition, [definition.field])
  }

  /** The vectors of a set for this index, in its own column or taken out of its fields. */
  column(set: RowSet): VectorColumn | undefined {
    const own = set.column(this.columnKey)
    if (own || this.definition.source !== 'field') return own
    return this.#derive(set).column
  }

  vids(set: RowSet): VidLookup | undefined {
    const known = this.#vids.get(set)
    if (known) return known
    const column = this.column(set)
    if (!column) return undefined
    const lookup = new VidLookup(set, column)
    this.#vids.set(set, lookup)
    return lookup
  }

  /** Rows whose field is there and is no vector of this index. */
  skipped(set: RowSet): number {
    if (set.column(this.columnKey) || this.definition.source !== 'field') return 0
    return this.#derive(set).skipped
  }

  get isManaged(): boolean {
    return this.#textPath !== undefined
  }

  /** What a managed index embeds of a record, undefined where there is nothing. */
  textOf(fields: Fields): string | undefined {
    return this.#textPath && textAt(fields, this.#textPath)
  }

  /** True where a record with these fields belongs to the index if it has a vector. */
  wants(fields: Fields): boolean {
    return this.#matches === undefined || this.#matches(fields)
  }

  /** True where the row belongs to the index: it has a vector and matches the index's condition. */
  holds(set: RowSet, slot: number): boolean {
    return (this.column(set)?.has(slot) ?? false) && this.admits(set, slot)
  }

  /** The same of a row that has a vector. */
  admits(set: RowSet, slot: number): boolean {
    return this.#matches === undefined || this.#matches(readFields(set, slot, this.#needsVectors))
  }

  /** Gives back the memory of what was taken out of a set's fields. */
  release(set: RowSet): void {
    this.#derived.get(set)?.column.release()
  }

  #derive(set: RowSet): { column: MemoryColumn; skipped: number } {
    const derived = this.#derived.get(set) ?? {
      column: new MemoryColumn(this.#pool, this.definition.dimensions, this.#residency),
      skipped: 0,
    }
    this.#derived.set(set, derived)
    const path = fieldPath(this.definition.field)
    for (let slot = derived.column.rows; slot < set.rows; slot++) {
      const found = vectorAt(JSON.parse(set.fieldsText(slot)), path, this.definition.dimensions)
      if (found === 'unusable') derived.skipped++
      derived.column.append(Array.isArray(found) ? found : null, set.rid(slot))
    }
    return derived
  }
}

/** Words of a bitset over the nodes of a graph, from one on: no others have bits. */
interface NodeWords {
  readonly first: number
  readonly words: Uint32Array
}

/** What a list of graphs means for the rows of a set. */
interface Mask {
  /** Rows that were looked at so far. */
  rows: number
  held: Bitset
  open: Bitset
  openRows: number
  /** Per graph the nodes of the set's rows, where they were found all at once. */
  nodes?: readonly NodeWords[]
}

/**
 * Which rows a search must scan because none of an index's graphs holds them. It depends on immutable things only (rows and a list of graphs),
 * so all versions with the same graphs share it.
 */
export class Coverage {
  readonly index: VectorIndex
  readonly graphs: readonly GraphPart[]
  readonly #masks = new WeakMap<RowSet, Mask>()
  /** Knows which rows belong to the index. */
  readonly #known: Coverage | undefined

  constructor(index: VectorIndex, graphs: readonly GraphPart[], known?: Coverage) {
    this.index = index
    this.graphs = graphs
    this.#known = known
  }

  /** The same for other graphs of the index. */
  over(graphs: readonly GraphPart[]): Coverage {
    return new Coverage(this.index, graphs, this)
  }

  /** Rows of the set that belong to the index (`held`), and those of them that are in no graph (`open`). */
  of(set: RowSet, rows: number): Mask {
    const mask: Mask = this.#masks.get(set) ?? { rows: 0, held: new Bitset(), open: new Bitset(), openRows: 0 }
    this.#masks.set(set, mask)
    if (mask.rows >= rows) return mask
    const column = this.index.column(set)
    const sealed = rows === set.rows && mask.rows === 0 ? this.#ascending(column) : undefined
    if (sealed) {
      const covered = new Uint32Array(sealed.present.length)
      mask.nodes = sealed.nodeVids.map((nodeVids, i) => matchNext(sealed.vids, nodeVids, sealed.present, covered, i === 0))
      mask.held = Bitset.over(sealed.present.slice())
      mask.open = Bitset.over(sealed.present.map((word, i) => word & ~covered[i]!))
      mask.openRows = mask.open.count()
      mask.rows = rows
      return mask
    }
    mask.held.reserve(rows)
    mask.open.reserve(rows)
    const known = this.#known?.of(set, rows).held
    // Row by row, so that a read which must wait goes on where it stopped.
    for (; column && mask.rows < rows; mask.rows++) {
      const slot = mask.rows
      if (known ? !known.has(slot) : !column.has(slot) || !this.index.admits(set, slot)) continue
      const isOpen = this.graphs.length === 0 || !this.#inGraph(column.vid(slot))
      mask.held.add(slot)
      if (!isOpen) continue
      mask.open.add(slot)
      mask.openRows++
    }
    mask.rows = rows
    return mask
  }

  /** The vids of a sealed column and of all graphs, where all ascend and no condition is to be asked row by row. */
  #ascending(
    column: VectorColumn | undefined,
  ): { vids: Float64Array; present: Uint32Array; nodeVids: Float64Array[] } | undefined {
    if (this.index.condition) return undefined
    const sealed = column?.sealed?.()
    if (!sealed?.isAscending) return undefined
    const nodeVids = this.graphs.map((graph) => graph.ascendingVids())
    return nodeVids.every((vids) => vids !== undefined) ? { ...sealed, nodeVids } : undefined
  }

  /** Marks the nodes of living rows of a set at once, where that is possible. */
  markAscending({ set, rows, dead }: SetState, alive: readonly Bitset[]): boolean {
    const ascending = rows === set.rows ? this.#ascending(this.index.column(set)) : undefined
    if (!ascending) return false
    const { held, nodes } = this.of(set, rows)
    if (nodes && dead.count() === 0) {
      nodes.forEach((found, graph) => addWords(alive[graph]!.words, found))
      return true
    }
    const living = new Uint32Array(ascending.present.length)
    livingWords(held, dead, rows, living)
    const found = new Uint32Array(living.length)
    ascending.nodeVids.forEach((nodeVids, graph) =>
      addWords(alive[graph]!.words, matchNext(ascending.vids, nodeVids, living, found, graph === 0)),
    )
    return true
  }

  #inGraph(vid: number): boolean {
    return this.graphs.some((graph) => graph.nodeOf(vid) >= 0)
  }

  /** After rows were taken back from a memtable: what is known of them is no longer true. */
  forget(set: RowSet): void {
    this.#masks.delete(set)
  }
}

/** An index of one version: its graphs, largest first, and which of their nodes stand for a living row. */
export class IndexState {
  readonly index: VectorIndex
  readonly coverage: Coverage
  /** Living nodes by graph; computed when first searched, then carried along from version to version. */
  #alive: readonly Bitset[] | undefined
  #aliveCounts: readonly number[] | undefined

  constructor(coverage: Coverage, alive?: readonly Bitset[]) {
    this.index = coverage.index
    this.coverage = coverage
    this.#alive = alive
  }

  get graphs(): readonly GraphPart[] {
    return this.coverage.graphs
  }

  /** The living nodes where they are known already. */
  get knownAlive(): readonly Bitset[] | undefined {
    return this.#alive
  }

  /** Living nodes of each graph, counted once a version. */
  aliveCounts(sets: readonly SetState[]): readonly number[] {
    return (this.#aliveCounts ??= this.alive(sets).map((bits) => bits.count()))
  }

  alive(sets: readonly SetState[]): readonly Bitset[] {
    if (this.#alive) return this.#alive
    const alive = this.graphs.map((graph) => new Bitset(graph.nodes))
    for (const state of sets) {
      const { set, rows, dead } = state
      const column = this.index.column(set)
      if (!column || this.coverage.markAscending(state, alive)) continue
      const { held, open, openRows } = this.coverage.of(set, rows)
      for (let slot = 0; slot < rows; slot++) {
        if (!held.has(slot) || dead.has(slot) || (openRows > 0 && open.has(slot))) continue
        markNode(this.graphs, alive, column.vid(slot))
      }
    }
    this.#alive = alive
    return alive
  }
}

/** Finds the nodes of those rows that no graph before has, of which there are none where it `isFirst`: marks the rows, returns the nodes. */
function matchNext(
  vids: Float64Array,
  nodeVids: Float64Array,
  among: Uint32Array,
  found: Uint32Array,
  isFirst: boolean,
): NodeWords {
  const nodes = new Uint32Array(wordsFor(nodeVids.length))
  const left = isFirst ? among : among.map((word, i) => word & ~found[i]!)
  const { first, last } = matchAscending(vids, nodeVids, left, found, nodes)
  return first < 0 ? { first: 0, words: noWords } : { first: first >>> 5, words: nodes.slice(first >>> 5, (last >>> 5) + 1) }
}

const noWords = new Uint32Array(0)

function addWords(words: Uint32Array, more: NodeWords): void {
  for (let i = 0; i < more.words.length; i++) words[more.first + i]! |= more.words[i]!
}

/** Marks the node of a vid in the first graph that has it. */
export function markNode(graphs: readonly GraphPart[], alive: readonly Bitset[], vid: number): void {
  for (let i = 0; i < graphs.length; i++) {
    const node = graphs[i]!.nodeOf(vid)
    if (node < 0) continue
    alive[i]!.add(node)
    return
  }
}

/** Living rows of a set among the marked ones, as words for the kernel; undefined when there are none. */
export function livingWords(marked: Bitset, dead: Bitset, rows: number, into: Uint32Array): number {
  const words = wordsFor(rows)
  let any = 0
  for (let i = 0; i < words; i++) {
    let word = (marked.words[i] ?? 0) & ~(dead.words[i] ?? 0)
    if (i === words - 1 && (rows & 31) !== 0) word &= (1 << (rows & 31)) - 1
    into[i] = word
    any |= word
  }
  return any
}

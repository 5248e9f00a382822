import { assert, QuiverError } from '../../errors.js'
import { uint32s } from '../../format/bytes.js'
import type {
  AttachFieldsOperation,
  AttachGraphOperation,
  CompactOperation,
  FlushOperation,
  IndexDefinition,
  TextDefinition,
} from '../../history/commit.js'
import { Bitset } from '../../format/bitset.js'
import type { GraphPart } from '../../segment/graph-part.js'
import { Memtable, type NewVector } from '../../segment/memtable.js'
import type { RowPart } from '../../segment/row-part.js'
import { exactValues, isAbsoluteVid, keepVid, type RowSet } from '../../segment/row-set.js'
import type { IdDirectory, RowLocation, SetLookup, SetState } from './directory.js'
import { Coverage, IndexState, markNode, VectorIndex } from './index-state.js'
import type { Parts } from './parts.js'
import { columnsOf, reshapeRow } from './reshape.js'
import { CollectionState, type PartEntry } from './state.js'
import { isSameText } from './texts.js'

/** A record that a commit changed, for the validation of transactions that began before it. */
export interface Change {
  readonly collection: string
  readonly id: string
  /** Null: there was no such record. */
  readonly before: RowLocation | null
  /** Null: it is gone. */
  readonly after: RowLocation | null
}

export interface DraftOptions {
  /** Never write into a memtable that other versions continue: for what a transaction alone may see. */
  readonly isolated: boolean
  /** Where to note what changes; null: nobody asks. */
  readonly changes: Change[] | null
}

interface SetDraft {
  readonly number: number
  readonly set: RowSet
  rows: number
  dead: Bitset
  ownsDead: boolean
}

/**
 * The next version of one collection while a commit is being prepared or taken in. Everything that operations do to records happens here,
 * the same way for a caller's write, for another process's commit and for a replay at opening.
 */
export class CollectionDraft implements SetLookup {
  readonly base: CollectionState
  readonly #parts: Parts
  readonly #directory: IdDirectory
  #sets: SetDraft[]
  #byNumber: Map<number, SetDraft>
  #entries: Map<number, PartEntry>
  #indexes: IndexState[]
  #fields: readonly string[]
  #texts: readonly TextDefinition[]
  #alive: (Bitset[] | undefined)[]
  #ownsAlive = false
  #records: number
  /** Memtables that were there before, with their rows then: what a withdrawn commit takes back. */
  readonly #memtables: { table: Memtable; rows: number }[] = []
  readonly #options: DraftOptions
  #sealed: boolean
  /** The memtable that takes the next row, once that is known. */
  #open: (SetDraft & { set: Memtable }) | undefined
  #changed = 0

  constructor(base: CollectionState, parts: Parts, options: DraftOptions) {
    this.base = base
    this.#parts = parts
    this.#options = options
    this.#sealed = options.isolated
    this.#directory = base.directory()
    this.#sets = base.sets.map(({ number, set, rows, dead }) => ({ number, set, rows, dead, ownsDead: false }))
    this.#byNumber = new Map(this.#sets.map((draft) => [draft.number, draft]))
    this.#entries = new Map(base.entries)
    this.#indexes = [...base.indexes]
    this.#fields = base.fields
    this.#texts = base.texts
    this.#alive = base.indexes.map((index) => index.knownAlive && [...index.knownAlive])
    this.#records = base.records
    for (const { set, rows } of base.sets) if (set instanceof Memtable) this.#memtables.push({ table: set, rows })
  }

  get indexes(): readonly IndexState[] {
    return this.#indexes
  }

  get fields(): readonly string[] {
    return this.#fields
  }

  get texts(): readonly TextDefinition[] {
    return this.#texts
  }

  /** Records that were written or deleted. */
  get changed(): number {
    return this.#changed
  }

  setOf(number: number): SetState | undefined {
    return this.#byNumber.get(number)
  }

  find(id: string): RowLocation | undefined {
    return this.#directory.find(id, this)
  }

  /** Takes rows into memory, resolving what they keep of the records before them. */
  appendRows(rows: RowSet, firstRid: number): void {
    for (let slot = 0; slot < rows.rows; slot++) {
      const id = rows.id(slot)
      const before = this.find(id)
      const text = rows.fieldsText(slot)
      if (text === '' && !before) throw missingRecord(id, this.base.name)
      const table = this.#memtable()
      const rid = firstRid + slot
      // Without a text only vectors are new; the rest of the record moves to where the indexes of today look for it.
      const kept = text === '' ? reshapeRow(before!.state.set, before!.slot, columnsOf([table.set])) : undefined
      const vectors = new Map<string, NewVector>()
      for (const key of table.set.columnKeys()) {
        const vector = nextVector(rows, slot, key, rid, before, kept?.vectors)
        if (vector) vectors.set(key, vector)
      }
      const fields = kept?.fieldsText ?? text
      if (before) this.#kill(before)
      table.set.append(id, rid, fields, vectors)
      const after = { state: table, slot: table.set.rows - 1 }
      table.rows = table.set.rows
      this.#born(after)
      if (text !== '' || !this.#isEmbedded(rows, slot)) this.#note(id, before, after)
    }
  }

  /** Takes in rows that lie in an object already. `rows` are the same rows where they are in memory too. */
  addPart(part: RowPart, entry: PartEntry, rows: RowSet = part): void {
    const draft = this.#addSet(part, entry.rows)
    this.#entries.set(draft.number, entry)
    this.#directory.reserve(this.#directory.entries + entry.rows)
    // Whole records bring the vectors of unchanged texts along.
    const bringsOlder = this.#indexes.some(({ index }) => index.isManaged)
    for (let slot = 0; slot < entry.rows; slot++) {
      const id = rows.id(slot)
      const before = this.#directory.findHashed(id, rows.hashLow(slot), rows.hashHigh(slot), this)
      if (before) this.#kill(before)
      this.#directory.add(draft.number, rows, slot)
      this.#records++
      if (bringsOlder) this.#reviveNodes({ state: draft, slot })
      this.#note(id, before, this.#options.changes && { state: draft, slot })
    }
  }

  /** Returns how many of the ids there were. */
  delete(ids: readonly string[]): number {
    let deleted = 0
    for (const id of ids) {
      const before = this.find(id)
      if (!before) continue
      this.#kill(before)
      this.#note(id, before, null)
      deleted++
    }
    return deleted
  }

  createIndex(definition: IndexDefinition): void {
    this.#indexes.push(new IndexState(new Coverage(new VectorIndex(definition, this.#parts.pool, this.#parts.residency), [])))
    this.#alive.push(undefined)
    this.#seal()
  }

  dropIndex(uuid: string): void {
    const position = this.#indexes.findIndex(({ index }) => index.definition.uuid === uuid)
    assert(position >= 0, `index ${uuid} is there to be dropped`)
    this.#indexes.splice(position, 1)
    this.#alive.splice(position, 1)
    this.#seal()
  }

  /** Rows in memory, up to a number, are in a part now. Those that died since the part was written are dead in it. */
  flush(operation: FlushOperation): void {
    const part = this.#parts.rows(operation.part, 0)
    const sealed = this.#addSet(
      part,
      part.rows,
      this.#sets.findIndex(({ set }) => set instanceof Memtable),
    )
    this.#entries.set(sealed.number, { key: operation.part, rows: part.rows, base: 0, fields: operation.fields })
    const rest: RowLocation[] = []
    const living = new Map<number, RowLocation>()
    for (const draft of this.#sets.filter(({ set }) => set instanceof Memtable)) {
      for (let slot = 0; slot < draft.rows; slot++) {
        if (draft.dead.has(slot)) continue
        const rid = draft.set.rid(slot)
        if (rid <= operation.through) living.set(rid, { state: draft, slot })
        else rest.push({ state: draft, slot })
      }
      this.#removeSet(draft)
    }
    for (let slot = 0; slot < part.rows; slot++) {
      if (living.delete(part.rid(slot))) this.#directory.add(sealed.number, part, slot)
      else this.#markDead(sealed, slot)
    }
    assert(living.size === 0, 'a flush holds every living row that it takes out of memory')
    for (const location of rest) this.#carryOver(location)
  }

  /** Rows of several parts are in one now, in the order that its `origin` section tells. */
  compact(operation: CompactOperation): void {
    const inputs = operation.inputs.map((key) => this.#sets.find(({ set }) => set.key === key))
    const part = this.#parts.rows(operation.part, 0)
    const origin = uint32s(part.file.readSection('origin'))
    const output = this.#addSet(part, part.rows, this.#sets.indexOf(inputs[0]!))
    this.#entries.set(output.number, { key: operation.part, rows: part.rows, base: 0, fields: operation.fields })
    for (let slot = 0; slot < part.rows; slot++) {
      const input = inputs[origin[slot * 2]!]
      assert(input, 'every input of a compaction is part of the version')
      if (input.dead.has(origin[slot * 2 + 1]!)) this.#markDead(output, slot)
      else this.#directory.add(output.number, part, slot)
    }
    for (const input of inputs) this.#removeSet(input!)
  }

  attachGraph(operation: AttachGraphOperation): void {
    const position = this.#indexes.findIndex(({ index }) => index.definition.uuid === operation.index)
    const state = this.#indexes[position]
    if (!state) return
    const graphs = state.graphs.filter(({ key }) => !operation.replaces.includes(key))
    graphs.push(this.#parts.graph(operation.graph, operation.nodes))
    graphs.sort((a, b) => b.nodes - a.nodes)
    this.#indexes[position] = new IndexState(new Coverage(state.index, graphs))
    this.#alive[position] = undefined
  }

  /** Parts keep the indexes that they have until upkeep gives them others; those that nothing is declared for any longer are let go. */
  declareFields(add: readonly string[], drop: readonly string[]): void {
    this.#fields = [...new Set([...this.#fields, ...add])].filter((path) => !drop.includes(path)).sort()
    this.#letGoOfFields()
  }

  /** The same for texts; a field that is added is one that is not there, or was dropped. */
  declareTexts(add: readonly TextDefinition[], drop: readonly string[]): void {
    const kept = this.#texts.filter(({ field }) => !drop.includes(field))
    this.#texts = [...kept, ...add].sort((a, b) => (a.field < b.field ? -1 : 1))
    this.#letGoOfFields()
  }

  #letGoOfFields(): void {
    for (const [number, { fields, ...entry }] of this.#entries) {
      if (!fields || fields.paths.some((path) => this.#fields.includes(path))) continue
      if (fields.texts?.some((text) => this.#texts.some((declared) => isSameText(text, declared)))) continue
      this.#entries.set(number, entry)
    }
  }

  attachFields({ rowPart, fields }: AttachFieldsOperation): void {
    for (const [number, entry] of this.#entries) if (entry.key === rowPart) this.#entries.set(number, { ...entry, fields })
  }

  /** Whether rows up to a number are still in memory. */
  hasMemory(through: number): boolean {
    return this.#sets.some(({ set, rows }) => set instanceof Memtable && rows > 0 && set.rid(0) <= through)
  }

  hasParts(keys: readonly string[]): boolean {
    return keys.every((key) => this.#sets.some(({ set }) => set.key === key))
  }

  /** Undoes what the draft did to memory that it shares with the version before. */
  withdraw(): void {
    for (const { table, rows } of this.#memtables) {
      if (table.rows === rows) continue
      table.truncate(rows)
      for (const { coverage } of this.base.indexes) coverage.forget(table)
    }
  }

  finish(): CollectionState {
    const indexes = this.#indexes.map((state, position) => {
      const alive = this.#alive[position]
      return alive === undefined ? new IndexState(state.coverage) : new IndexState(state.coverage, alive)
    })
    // What the new version has is no longer the draft's to change.
    for (const draft of this.#sets) draft.ownsDead = false
    this.#ownsAlive = false
    // A directory that is mostly of rows long gone is made anew when it is next needed.
    const outgrown = this.#directory.entries > 2 * this.#records + directorySlack
    return new CollectionState({
      uuid: this.base.uuid,
      name: this.base.name,
      sets: this.#sets.map(({ number, set, rows, dead }) => ({ number, set, rows, dead })),
      entries: this.#entries,
      indexes,
      fields: this.#fields,
      texts: this.#texts,
      records: this.#records,
      directory: outgrown ? undefined : this.#directory,
    })
  }

  #memtable(): SetDraft & { set: Memtable } {
    if (this.#open) return this.#open
    const last = this.#sets[this.#sets.length - 1]
    // A memtable takes more rows only where this draft continues it: at older versions rows may follow that this one must not see.
    if (last && !this.#sealed && isMemtable(last) && last.set.rows === last.rows && this.#hasTheColumns(last.set)) {
      return (this.#open = last)
    }
    this.#sealed = false
    const table = new Memtable(this.#parts.pool, this.#parts.residency)
    for (const { index } of this.#indexes) table.addColumn(index.columnKey, index.definition.dimensions)
    this.#open = this.#addSet(table, 0) as SetDraft & { set: Memtable }
    return this.#open
  }

  /** Columns of exactly the indexes that there are: in one of an index that is gone, new rows would have nothing where old ones do. */
  #hasTheColumns(set: RowSet): boolean {
    const wanted = new Set(this.#indexes.map(({ index }) => index.columnKey))
    const present = [...set.columnKeys()]
    return present.length === wanted.size && present.every((key) => wanted.has(key))
  }

  /** New rows go to a new memtable: the columns of one are fixed when it begins. */
  #seal(): void {
    this.#sealed = true
    this.#open = undefined
  }

  /** Whether a row without fields only brings vectors that were made of its record: whoever read the record need not know. */
  #isEmbedded(rows: RowSet, slot: number): boolean {
    for (const key of rows.columnKeys()) {
      if (rows.column(key)!.vid(slot) === keepVid) continue
      if (!this.#indexes.some(({ index }) => index.isManaged && index.columnKey === key)) return false
    }
    return true
  }

  #note(id: string, before: RowLocation | undefined, after: RowLocation | null): void {
    this.#changed++
    this.#options.changes?.push({ collection: this.base.uuid, id, before: before ?? null, after })
  }

  #addSet(set: RowSet, rows: number, position = this.#sets.length): SetDraft {
    const draft: SetDraft = { number: this.#parts.nextSetNumber(), set, rows, dead: new Bitset(rows), ownsDead: true }
    this.#sets.splice(position, 0, draft)
    this.#open = undefined
    this.#byNumber.set(draft.number, draft)
    return draft
  }

  #removeSet(draft: SetDraft): void {
    this.#sets.splice(this.#sets.indexOf(draft), 1)
    if (isMemtable(draft)) draft.set.free()
    for (const { index } of this.#indexes) index.release(draft.set)
    this.#open = undefined
    this.#byNumber.delete(draft.number)
    this.#entries.delete(draft.number)
  }

  /** Moves a row of memory into the current memtable as it is. */
  #carryOver({ state, slot }: RowLocation): void {
    const table = this.#memtable()
    const { fieldsText, vectors } = reshapeRow(state.set, slot, columnsOf([table.set]))
    table.set.append(state.set.id(slot), state.set.rid(slot), fieldsText, vectors)
    table.rows = table.set.rows
    this.#directory.add(table.number, table.set, table.rows - 1)
  }

  #markDead(draft: SetDraft, slot: number): void {
    if (!draft.ownsDead) {
      draft.dead = draft.dead.clone()
      draft.ownsDead = true
    }
    draft.dead.add(slot)
  }

  #kill({ state, slot }: RowLocation): void {
    const draft = this.#byNumber.get(state.number)
    assert(draft && !draft.dead.has(slot), 'a row dies once')
    this.#markDead(draft, slot)
    this.#records--
    this.#eachKnownGraph(draft.set, slot, (graphs, alive, vid) => {
      graphs.forEach((graph, i) => {
        const node = graph.nodeOf(vid)
        if (node >= 0) alive[i]!.remove(node)
      })
    })
  }

  #born({ state, slot }: RowLocation): void {
    this.#directory.add(state.number, state.set, slot)
    this.#records++
    this.#reviveNodes({ state, slot })
  }

  #reviveNodes({ state, slot }: RowLocation): void {
    // Only a vector that is older than its row can be in a graph.
    this.#eachKnownGraph(state.set, slot, (graphs, alive, vid, index) => {
      if (vid !== state.set.rid(slot) && index.holds(state.set, slot)) markNode(graphs, alive, vid)
    })
  }

  #eachKnownGraph(
    set: RowSet,
    slot: number,
    visit: (graphs: readonly GraphPart[], alive: Bitset[], vid: number, index: VectorIndex) => void,
  ): void {
    this.#indexes.forEach(({ graphs, index }, position) => {
      let alive = this.#alive[position]
      if (!alive || graphs.length === 0) return
      const column = index.column(set)
      if (!column?.has(slot)) return
      if (!this.#ownsAlive) {
        this.#alive = this.#alive.map((known) => known?.map((bits) => bits.clone()))
        this.#ownsAlive = true
        alive = this.#alive[position]!
      }
      visit(graphs, alive, column.vid(slot), index)
    })
  }
}

function isMemtable(draft: SetDraft): draft is SetDraft & { set: Memtable } {
  return draft.set instanceof Memtable
}

/** Dead entries of a directory that are not worth a rebuild. */
const directorySlack = 4_096

/** What a column holds for a new row: its own vector, the one of the record before, or none. */
function nextVector(
  rows: RowSet,
  slot: number,
  key: string,
  rid: number,
  before: RowLocation | undefined,
  reshaped: ReadonlyMap<string, NewVector> | undefined,
): NewVector | undefined {
  const column = rows.column(key)
  if (!column) return undefined
  if (column.has(slot))
    return { values: exactValues(column, slot), vid: isAbsoluteVid(column.vid(slot)) ? column.vid(slot) : rid }
  if (column.vid(slot) !== keepVid || !before) return undefined
  if (reshaped) return reshaped.get(key)
  const kept = before.state.set.column(key)
  // Whoever wrote the row had the vector in a column; here the record before it may still lie in a set that has it in the text.
  if (!kept) return reshapeRow(before.state.set, before.slot, [{ key, dimensions: column.dimensions }]).vectors.get(key)
  return kept.has(before.slot) ? { values: exactValues(kept, before.slot), vid: kept.vid(before.slot) } : undefined
}

export function missingRecord(id: string, collection: string): QuiverError {
  return new QuiverError('NOT_FOUND', `There is no record '${id}' in collection '${collection}'.`, {
    details: { id, collection },
  })
}

import { v7 as uuidv7 } from 'uuid'
import { QuiverError } from '../../errors.js'
import { Memtable, type NewVector } from '../../segment/memtable.js'
import { relativeVid } from '../../segment/row-part.js'
import { exactValues, keepVid } from '../../segment/row-set.js'
import type { MemoryPool } from '../../vector/memory-pool.js'
import type { RowLocation } from '../version/directory.js'
import { fieldsText, fieldPath, fieldsBytesMax, valueAt } from '../version/fields.js'
import { checkedId, fitsBytes } from '../ids.js'
import type { VectorIndex } from '../version/index-state.js'
import type { Fields, VectorInput } from '../types.js'
import { checkedVector, dimensionMismatch, isVectorShaped, unknownIndex, usableVector } from '../version/vectors.js'

/** Finds the row of a record. */
export type FindRow = (id: string) => RowLocation | undefined

/** Turns records into rows: checks them against the collection's indexes and takes the vectors out of the fields. */
export class Stage {
  readonly rows: Memtable
  readonly #indexes: readonly VectorIndex[]
  readonly #fields: { field: string; path: string[]; indexes: VectorIndex[] }[] = []
  readonly #collection: string
  /** Of the record at hand, used again for each. */
  readonly #vectors = new Map<string, NewVector>()
  readonly #managed: readonly VectorIndex[]
  /** Records that took over the vector of the one before: in a set of rows a vector's number occurs once. */
  readonly #tookOver = new Set<string>()

  /** @param rowsExpected how many records are to come, where it is known */
  constructor(collection: string, indexes: readonly VectorIndex[], pool: MemoryPool, rowsExpected = 0) {
    this.#managed = indexes.filter((index) => index.isManaged)
    this.#collection = collection
    this.#indexes = indexes
    this.rows = new Memtable(pool)
    for (const index of indexes) {
      const column = this.rows.addColumn(index.columnKey, index.definition.dimensions)
      if (index.definition.source !== 'field') continue
      column.reserve(rowsExpected)
      const { field } = index.definition
      const known = this.#fields.find((other) => other.field === field)
      if (known) known.indexes.push(index)
      else this.#fields.push({ field, path: fieldPath(field), indexes: [index] })
    }
  }

  /**
   * A record as a caller gives it, whole. Returns its id.
   * @param find the record before, whose vectors in managed indexes stay where the text is the same
   * @throws QuiverError INVALID_ID, INVALID_RECORD, INVALID_VECTOR, DIMENSION_MISMATCH, ZERO_VECTOR, NOT_FOUND (an index in `$vectors`)
   */
  add(record: unknown, ordinal: number, find: FindRow): string {
    if (record === null || typeof record !== 'object' || Array.isArray(record)) {
      throw new QuiverError('INVALID_RECORD', `Record ${ordinal} of the call is not an object.`, {
        details: { position: ordinal },
      })
    }
    const fields = record as Fields
    const id = fields['id'] === undefined ? uuidv7() : checkedId(fields['id'])
    const vectors = this.#vectors
    vectors.clear()
    this.#external(id, fields['$vectors'], vectors)
    const text = this.#fieldsText(id, fields, vectors)
    if (this.#managed.length > 0) this.#takeOver(id, text, find, vectors)
    this.rows.append(id, ordinal, text, vectors)
    return id
  }

  /** The vector of a text is right whoever embedded it, and whatever becomes of the record before until this one is committed. */
  #takeOver(id: string, fieldsText: string, find: FindRow, vectors: Map<string, NewVector>): void {
    const before = find(id)
    if (!before) return
    const { set } = before.state
    const columns = this.#managed.filter(({ columnKey }) => set.column(columnKey)?.has(before.slot))
    if (columns.length === 0) return
    const [textBefore, isFirst] = [set.fieldsText(before.slot), !this.#tookOver.has(id)]
    for (const index of columns) {
      const column = set.column(index.columnKey)!
      if (!isSameText(index, textBefore, fieldsText)) continue
      vectors.set(index.columnKey, {
        values: exactValues(column, before.slot),
        vid: isFirst ? column.vid(before.slot) : relativeVid,
      })
    }
    this.#tookOver.add(id)
  }

  /**
   * New fields of a record that is there already; vectors stay in the columns of `kept`, where the fields hold null.
   * External vectors stay too, but for those that `$vectors` names, and those of managed indexes whose text is the same.
   * @param textBefore of the fields that the record had
   * @param isChecked false for a field that is as it was before: what is in it is not refused, whatever an index would like it to be
   */
  addPatched(
    id: string,
    { $vectors: external, ...fields }: Fields,
    kept: ReadonlySet<string>,
    textBefore: string,
    isChecked: (field: string) => boolean,
  ): void {
    const vectors = new Map<string, NewVector>()
    for (const key of kept) vectors.set(key, { values: null, vid: keepVid })
    for (const { columnKey, definition } of this.#indexes) {
      if (definition.source === 'external') vectors.set(columnKey, { values: null, vid: keepVid })
    }
    this.#external(id, external, vectors)
    const text = this.#fieldsText(id, fields, vectors, isChecked)
    for (const index of this.#managed) {
      if (isSameText(index, textBefore, text)) vectors.set(index.columnKey, { values: null, vid: keepVid })
    }
    this.rows.append(id, 0, text, vectors)
  }

  /** A new vector in an index that keeps its vectors beside the records; the record's fields and its other vectors stay. */
  addVector(id: string, index: VectorIndex, vector: VectorInput | null): void {
    const vectors = new Map<string, NewVector>()
    for (const { columnKey } of this.#indexes) vectors.set(columnKey, { values: null, vid: keepVid })
    vectors.set(index.columnKey, newVector(id, index, vector))
    this.rows.append(id, 0, '', vectors)
  }

  #fieldsText(id: string, fields: Fields, vectors: Map<string, NewVector>, isChecked = (_field: string) => true): string {
    const places = new Map<string, unknown>()
    for (const { field, path, indexes } of this.#fields) {
      const value = valueAt(fields, path)
      if (value == null || indexes.some(({ columnKey }) => vectors.get(columnKey)?.vid === keepVid)) continue
      const taken = isChecked(field) ? this.#take(id, fields, field, value, indexes) : takeUnchecked(value, indexes)
      if (!taken) continue
      vectors.set(taken.columnKey, { values: taken.values, vid: relativeVid })
      places.set(field, value)
    }
    const text = fieldsText(fields, places)
    if (!fitsBytes(text, fieldsBytesMax)) {
      throw new QuiverError('LIMIT_EXCEEDED', `The fields of record '${id}' take more than ${fieldsBytesMax} bytes as JSON.`, {
        details: { id },
      })
    }
    return text
  }

  /** The vector in a field; undefined where the field is none that an index wants, and stays an ordinary field. */
  #take(
    id: string,
    fields: Fields,
    field: string,
    value: unknown,
    indexes: readonly VectorIndex[],
  ): { columnKey: string; values: VectorInput } | undefined {
    const [only] = indexes
    if (
      indexes.length === 1 &&
      only!.condition === undefined &&
      isVectorShaped(value) &&
      value.length === only!.definition.dimensions
    ) {
      return { columnKey: only!.columnKey, values: checkedVector(value, only!, `record '${id}'`) }
    }
    const wanting = indexes.filter((index) => index.wants(fields))
    if (!isVectorShaped(value)) {
      if (wanting.length === 0) return undefined
      throw new QuiverError(
        'INVALID_VECTOR',
        `Field '${field}' of record '${id}' is not an array of numbers; index '${wanting[0]!.definition.name}' of collection '${this.#collection}' needs one.`,
        { details: { id, field } },
      )
    }
    const fitting = fittingOf(indexes, value)
    const demanding = wanting.filter((index) => fitting.includes(index))
    if (demanding.length === 0 && wanting.length > 0)
      throw dimensionMismatch(`record '${id}' in field '${field}'`, value.length, wanting)
    let values: VectorInput | undefined
    for (const index of demanding) values = checkedVector(value, index, `record '${id}'`)
    return values ? { columnKey: fitting[0]!.columnKey, values } : takeUnchecked(value, indexes)
  }

  #external(id: string, given: unknown, vectors: Map<string, NewVector>): void {
    if (given == null) return
    if (typeof given !== 'object' || Array.isArray(given)) {
      throw new QuiverError('INVALID_RECORD', `$vectors of record '${id}' is not an object of vectors by index name.`, {
        details: { id },
      })
    }
    for (const [name, vector] of Object.entries(given)) {
      const index = externalIndex(name, this.#collection, this.#indexes)
      vectors.set(index.columnKey, newVector(id, index, vector))
    }
  }
}

/** An index that callers give vectors. @throws QuiverError NOT_FOUND, INVALID_ARGUMENT: it makes its vectors itself */
export function externalIndex(name: string, collection: string, indexes: readonly VectorIndex[]): VectorIndex {
  const index = indexes.find(({ definition }) => definition.name === name && definition.source !== 'field')
  if (!index) throw unknownIndex(name, collection, indexes, 'external')
  if (!index.isManaged) return index
  throw new QuiverError(
    'INVALID_ARGUMENT',
    `Index '${name}' of collection '${collection}' is managed: its vectors are made of the field '${index.definition.field}' and cannot be given.`,
    { details: { index: name } },
  )
}

/** Whether a managed index would embed the same of two texts of fields. */
function isSameText(index: VectorIndex, before: string, after: string): boolean {
  return before === after || index.textOf(JSON.parse(before) as Fields) === index.textOf(JSON.parse(after) as Fields)
}

/** A record outside of a partial index keeps its vector in the column all the same, for the day when it or another index wants it. */
function takeUnchecked(value: unknown, indexes: readonly VectorIndex[]): { columnKey: string; values: VectorInput } | undefined {
  if (!isVectorShaped(value)) return undefined
  const [fitting] = fittingOf(indexes, value)
  const values = fitting && usableVector(value)
  return values && { columnKey: fitting.columnKey, values }
}

function fittingOf(indexes: readonly VectorIndex[], value: VectorInput): VectorIndex[] {
  return indexes.filter((index) => index.definition.dimensions === value.length)
}

/** A vector as a caller gives it; null takes one away. */
function newVector(id: string, index: VectorIndex, vector: unknown): NewVector {
  return vector === null ? { values: null, vid: 0 } : { values: checkedVector(vector, index, `record '${id}'`), vid: relativeVid }
}

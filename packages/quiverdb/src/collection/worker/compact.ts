import { columnField } from '../version/column-key.js'
import { fieldPath, pathsInText, setAt, vectorAt } from '../version/fields.js'
import type { Parts } from '../version/parts.js'
import { isAnyDeclared, loadTexts } from '../version/texts.js'
import { encodeFieldPart } from '../../segment/field-part.js'
import { MemoryColumn } from '../../segment/memory-column.js'
import { sealRows, type ColumnShape, type RowAddress } from '../../segment/row-encoder.js'
import type { RowPart } from '../../segment/row-part.js'
import type { RowSet, VectorColumn } from '../../segment/row-set.js'
import type { MemoryPool } from '../../vector/memory-pool.js'
import type { CompactJob, JobResult } from './jobs.js'

/** Writes the living rows of several parts into one, in their order. Vectors that lie in the fields' text move into columns on the way. */
export async function compact(
  job: CompactJob,
  parts: Parts,
  progress: (done: number, total: number) => void,
): Promise<JobResult> {
  const texts = await loadTexts(job.indexed.texts)
  const columns = new Map<string, number>()
  const rows: RowAddress[] = []
  const origin: number[] = []
  job.inputs.forEach(({ key, base, slots }, input) => {
    const part = parts.rows(key, base)
    const set = new ResealedRows(part, job, parts.pool)
    for (const columnKey of set.columnKeys()) columns.set(columnKey, set.column(columnKey)!.dimensions)
    for (const slot of slots) {
      rows.push({ set, slot })
      origin.push(input, slot)
    }
    progress(input + 1, job.inputs.length + 1)
  })
  const shapes = [...columns].map(([key, dimensions]): ColumnShape => ({ key, dimensions }))
  const chunks = sealRows(parts.containers, parts.pool, rows, {
    columns: shapes,
    numbered: true,
    codes: true,
    origin: Uint32Array.from(origin),
  })
  const fields = { paths: pathsInText(job.indexed.paths, columns.keys()), texts }
  const fieldChunks = isAnyDeclared(job.indexed) ? encodeFieldPart(parts.containers, rows, fields) : undefined
  progress(job.inputs.length + 1, job.inputs.length + 1)
  return { chunks, ...(fieldChunks && { fieldChunks }), count: rows.length }
}

/** A part as it is to be after a compaction: with the columns that its indexes want, and without those that nothing does. */
class ResealedRows implements RowSet {
  readonly key: string
  readonly #part: RowPart
  readonly #dropped: ReadonlySet<string>
  readonly #extracted = new Map<string, MemoryColumn>()

  constructor(part: RowPart, job: CompactJob, pool: MemoryPool) {
    this.key = part.key
    this.#part = part
    this.#dropped = new Set(job.dropped)
    for (const { columnKey, field, dimensions } of job.fields) {
      if (part.column(columnKey)) continue
      const column = new MemoryColumn(pool, dimensions)
      const path = fieldPath(field)
      for (let slot = 0; slot < part.rows; slot++) {
        const found = vectorAt(JSON.parse(part.fieldsText(slot)), path, dimensions)
        column.append(Array.isArray(found) ? found : null, part.rid(slot))
      }
      this.#extracted.set(columnKey, column)
    }
  }

  get rows(): number {
    return this.#part.rows
  }

  id(slot: number): string {
    return this.#part.id(slot)
  }

  hashLow(slot: number): number {
    return this.#part.hashLow(slot)
  }

  hashHigh(slot: number): number {
    return this.#part.hashHigh(slot)
  }

  rid(slot: number): number {
    return this.#part.rid(slot)
  }

  fieldsText(slot: number): string {
    const text = this.#part.fieldsText(slot)
    const moved = [...this.#extracted].filter(([, column]) => column.has(slot))
    if (moved.length === 0) return text
    const fields = JSON.parse(text)
    for (const [key] of moved) setAt(fields, fieldPath(columnField(key)!), null)
    return JSON.stringify(fields)
  }

  columnKeys(): Iterable<string> {
    return [...[...this.#part.columnKeys()].filter((key) => !this.#dropped.has(key)), ...this.#extracted.keys()]
  }

  column(key: string): VectorColumn | undefined {
    return this.#extracted.get(key) ?? (this.#dropped.has(key) ? undefined : this.#part.column(key))
  }
}

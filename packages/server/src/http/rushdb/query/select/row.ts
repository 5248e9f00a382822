import type { StoredRecord } from '../../stored.js'
import type { Source } from './expression.js'
import type { Relatives } from './relatives.js'

/** A record that was found, with one of each source that was joined to it; null where a source has none. */
export class Row {
  readonly #source: Source
  readonly #record: StoredRecord | null
  readonly #up: Row | undefined

  constructor(source: Source, record: StoredRecord | null, up?: Row) {
    this.#source = source
    this.#record = record
    this.#up = up
  }

  /** Undefined: the source was not joined. */
  get(source: Source): StoredRecord | null | undefined {
    return source === this.#source ? this.#record : this.#up?.get(source)
  }

  with(source: Source, record: StoredRecord | null): Row {
    return new Row(source, record, this)
  }

  /** Names the records of these sources: rows with the same are one. */
  key(sources: readonly Source[]): string {
    return sources.map((source) => this.get(source)?.id ?? '').join()
  }
}

/** All rows that joining the sources makes of one, each combination of records once. */
export function* joined(row: Row, sources: readonly Source[], relatives: Relatives): Generator<Row> {
  const seen = new Set<string>()
  for (const one of allJoined(row, sources, relatives)) {
    const key = one.key(sources)
    if (seen.has(key)) continue
    seen.add(key)
    yield one
  }
}

function* allJoined(row: Row, sources: readonly Source[], relatives: Relatives): Generator<Row> {
  let next = sources.find((source) => row.get(source) === undefined)
  if (!next) {
    yield row
    return
  }
  while (next.parent && row.get(next.parent) === undefined) next = next.parent
  const parent = next.parent && row.get(next.parent)
  const records = parent ? relatives.of(next, parent) : []
  for (const record of records.length === 0 ? [null] : records) yield* allJoined(row.with(next, record), sources, relatives)
}

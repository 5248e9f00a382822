import { referenceDistance } from '@quiverdb/testing'
import type { Fields, IndexOptions, SearchQuery } from '../collection/types.js'
import { compileCondition } from '../filter/evaluate.js'
import { parseWhere } from '../filter/where.js'
import { FieldPath } from '../filter/places.js'
import { analyserName, loadAnalyser } from '../text/analyser.js'
import { Bm25 } from '../text/bm25.js'
import type { TextLanguage } from '../text/language.js'

const analysers = { none: await loadAnalyser(analyserName('none')), english: await loadAnalyser(analyserName('english')) }
export type ReferenceLanguage = TextLanguage & keyof typeof analysers

export interface ReferenceRecord {
  readonly fields: Fields
  /** Vectors of external indexes, by index name. */
  readonly external: Readonly<Record<string, readonly number[]>>
}

/** What a collection must be, in the plainest form: a map of records and a map of index declarations. A clone is a version. */
export class ReferenceCollection {
  readonly records: Map<string, ReferenceRecord>
  readonly indexes: Map<string, IndexOptions>
  /** Declared fields. */
  readonly indexedFields: Set<string>
  /** Declared texts: language by field. */
  readonly texts: Map<string, ReferenceLanguage>

  constructor(
    records?: Iterable<[string, ReferenceRecord]>,
    indexes?: Iterable<[string, IndexOptions]>,
    indexedFields?: Iterable<string>,
    texts?: Iterable<[string, ReferenceLanguage]>,
  ) {
    this.records = new Map(records)
    this.indexes = new Map(indexes)
    this.indexedFields = new Set(indexedFields)
    this.texts = new Map(texts)
  }

  clone(): ReferenceCollection {
    return new ReferenceCollection(this.records, this.indexes, this.indexedFields, this.texts)
  }

  put(id: string, fields: Fields, external: Record<string, readonly number[]> = {}): void {
    this.records.set(id, { fields: structuredClone(fields), external })
  }

  /** @returns false where it must be refused */
  patch(id: string, fields: Fields): boolean {
    const { fields: before, external } = this.records.get(id)!
    const patched = { ...before, ...structuredClone(fields) }
    for (const [name, value] of Object.entries(fields)) if (value === undefined) delete patched[name]
    this.records.set(id, { fields: patched, external })
    return !this.refusesUpdate(before, patched)
  }

  setVector(id: string, index: string, vector: readonly number[] | null): void {
    const { fields, external } = this.records.get(id)!
    const { [index]: _, ...others } = external
    this.records.set(id, { fields, external: vector ? { ...others, [index]: vector } : others })
  }

  delete(ids: readonly string[]): number {
    return new Set(ids.filter((id) => this.records.delete(id))).size
  }

  dropIndex(name: string): void {
    const { source } = this.indexes.get(name)!
    this.indexes.delete(name)
    if (source !== 'external') return
    for (const id of this.records.keys()) this.setVector(id, name, null)
  }

  /** True where the collection must refuse a record with these fields: an index wants its vector and cannot have it. */
  refuses(fields: Fields): boolean {
    const indexes = [...this.indexes.values()].filter(({ source }) => source !== 'external')
    for (const field of new Set(indexes.map((index) => index.field))) {
      const value = fields[field]
      const wanting = indexes.filter((index) => index.field === field && matches(index.where, fields))
      if (value == null || wanting.length === 0) continue
      if (!Array.isArray(value) || wanting.every(({ dimensions }) => dimensions !== value.length)) return true
    }
    return false
  }

  /** True where an update must be refused: it is for what it changes, a field or which indexes want the record, not for what it finds. */
  refusesUpdate(before: Fields, after: Fields): boolean {
    if (!this.refuses(after)) return false
    return [...this.indexes.values()].some(
      ({ field, source, where }) =>
        source !== 'external' && (before[field] !== after[field] || (matches(where, after) && !matches(where, before))),
    )
  }

  /** Ids in order. */
  ids(where?: SearchQuery['where']): string[] {
    return [...this.records]
      .filter(([id, { fields }]) => matches(where, { ...fields, id }))
      .map(([id]) => id)
      .sort()
  }

  /** The float32 vectors that an index holds. */
  vectors(name: string): Map<string, Float32Array> {
    const { field, dimensions, source, where } = this.indexes.get(name)!
    const held = new Map<string, Float32Array>()
    for (const [id, { fields, external }] of this.records) {
      const value = source === 'external' ? external[name] : fields[field]
      if (!Array.isArray(value) || value.length !== dimensions || !matches(where, fields)) continue
      held.set(id, Float32Array.from(value as number[]))
    }
    return held
  }

  /** Every record that a search by words may return, best first, ties by id: all texts are read again, nothing is remembered. */
  wordRanking(
    field: string,
    query: string,
    { operator, where }: { operator: 'or' | 'and'; where?: SearchQuery['where'] },
  ): { id: string; score: number }[] {
    const analyser = analysers[this.texts.get(field)!]
    const path = new FieldPath(field)
    const texts = [...this.records].map(([id, { fields }]) => {
      const places = path.placesIn(fields).flat()
      return { id, fields, terms: places.flatMap((text) => (typeof text === 'string' ? analyser.terms(text) : [])) }
    })
    const wanted = [...new Set(analyser.terms(query))].sort()
    const documents = texts.filter(({ terms }) => terms.length > 0).length
    const bm25 = new Bm25({ documents, terms: texts.reduce((sum, { terms }) => sum + terms.length, 0) })
    const weights = wanted.map((term) => bm25.weight(texts.filter(({ terms }) => terms.includes(term)).length))
    const ranking: { id: string; score: number }[] = []
    for (const { id, fields, terms } of texts) {
      const frequencies = wanted.map((term) => terms.filter((one) => one === term).length)
      const present = frequencies.filter((frequency) => frequency > 0).length
      if (present < (operator === 'and' ? wanted.length : 1) || present === 0 || !matches(where, { ...fields, id })) continue
      const add = (sum: number, frequency: number, i: number): number =>
        frequency === 0 ? sum : sum + bm25.score(weights[i]!, frequency, terms.length)
      ranking.push({ id, score: frequencies.reduce(add, 0) })
    }
    return ranking.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  }

  /** Every record that a search may return, nearest first, ties by id. */
  ranking(
    name: string,
    query: ArrayLike<number>,
    where?: SearchQuery['where'],
  ): { id: string; distance: number; vector: Float32Array }[] {
    const { metric = 'cosine' } = this.indexes.get(name)!
    const target = Float32Array.from(query)
    const ranking: { id: string; distance: number; vector: Float32Array }[] = []
    for (const [id, vector] of this.vectors(name)) {
      if (!matches(where, { ...this.records.get(id)!.fields, id })) continue
      ranking.push({ id, vector, distance: referenceDistance(metric, target, vector) })
    }
    return ranking.sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
  }
}

function matches(where: SearchQuery['where'], fields: Fields): boolean {
  return where === undefined || compileCondition(parseWhere(where))(fields)
}

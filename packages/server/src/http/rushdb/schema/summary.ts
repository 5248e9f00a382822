import { instantOf } from '../records/datetime.js'
import type { PropertyType, PropertyValue, Scalar } from '../stored.js'

/** What a summary tells of the values of a property. */
export interface SummaryOfValues {
  readonly isArray?: true
  /** Of numbers, and of dates. */
  readonly min?: number | string
  readonly max?: number | string
  /** A few of the texts; both of the booleans. */
  readonly values?: readonly string[]
}

const samplesMax = 10
const sampleLengthMax = 200

/** Takes in values of one type, one after the other. */
export class ValueSummary {
  readonly type: PropertyType
  count = 0
  #isArray = false
  #min: { value: number | string; at: number } | undefined
  #max: { value: number | string; at: number } | undefined
  readonly #samples = new Set<string>()

  constructor(type: PropertyType) {
    this.type = type
  }

  /** What one record, or one relationship, has. */
  add(value: PropertyValue): void {
    this.count++
    if (!Array.isArray(value)) return this.#addOne(value)
    this.#isArray = true
    if (this.type !== 'vector') for (const element of value) this.#addOne(element)
  }

  /** @param dates how dates are written: as they came, or as instants */
  summary(dates: 'raw' | 'instants'): SummaryOfValues {
    const written = ({ value, at }: { value: number | string; at: number }): number | string =>
      this.type === 'datetime' && dates === 'instants' ? new Date(at).toISOString().replace('.000Z', 'Z') : value
    return {
      ...(this.#isArray && { isArray: true }),
      ...(this.#min && { min: written(this.#min) }),
      ...(this.#max && { max: written(this.#max) }),
      ...(this.type === 'boolean' && { values: ['true', 'false'] }),
      ...(this.type === 'string' && { values: [...this.#samples] }),
    }
  }

  #addOne(value: Scalar): void {
    if (this.type === 'string') return this.#addText(String(value))
    if (this.type !== 'number' && this.type !== 'datetime') return
    const one = typeof value === 'number' ? { value, at: value } : { value: String(value), at: instantOf(String(value)) }
    if (!this.#min || one.at < this.#min.at) this.#min = one
    if (!this.#max || one.at > this.#max.at) this.#max = one
  }

  #addText(text: string): void {
    if (this.#samples.size === samplesMax || text === '') return
    this.#samples.add(text.length > sampleLengthMax ? `${text.slice(0, sampleLengthMax)}...` : text)
  }
}

/** Takes in the properties of one record, or one relationship. */
export class PropertySummaries {
  /** By `type:name`. */
  readonly #byProp = new Map<string, { name: string; values: ValueSummary }>()

  add(prop: string, type: PropertyType, name: string, value: PropertyValue): void {
    let summary = this.#byProp.get(prop)
    if (!summary) this.#byProp.set(prop, (summary = { name, values: new ValueSummary(type) }))
    summary.values.add(value)
  }

  /** What most have comes first. */
  [Symbol.iterator](): Iterator<[prop: string, summary: { name: string; values: ValueSummary }]> {
    return [...this.#byProp].sort(([a, one], [b, other]) => other.values.count - one.values.count || (a < b ? -1 : 1)).values()
  }
}

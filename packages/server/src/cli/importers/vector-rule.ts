import { isNumbers, valueAt } from '../values.js'
import { type Row, RowError, type RowReader } from './row-reader.js'

/** What every vector of an import must be. It is checked before the database sees a batch, because only here the line is known. */
export class VectorRule {
  readonly dimensions: number
  readonly #path: string
  readonly #field: string
  readonly #unit: RowReader['unit']
  readonly #directionNeeded: boolean
  #without = 0

  constructor(options: {
    path: string
    field: string
    unit: RowReader['unit']
    dimensions: number
    zeroVectors: 'refuse' | 'keep'
  }) {
    this.dimensions = options.dimensions
    this.#path = options.path
    this.#field = options.field
    this.#unit = options.unit
    this.#directionNeeded = options.zeroVectors === 'refuse'
  }

  /** Rows that had no vector at all: they are stored, and no search finds them. */
  get without(): number {
    return this.#without
  }

  /** @throws RowError */
  check({ at, record }: Row): void {
    const refuse = (message: string, hint?: string): never => {
      throw new RowError(this.#path, `${this.#unit} ${at}`, message, hint)
    }
    const vector = valueAt(record, this.#field)
    if (vector === undefined || vector === null) {
      this.#without++
      return
    }
    if (!isNumbers(vector)) return refuse(`"${this.#field}" is not an array of numbers`)
    if (vector.length !== this.dimensions) refuse(`"${this.#field}" has ${vector.length} numbers, not ${this.dimensions}`)
    const bad = vector.findIndex((number) => !Number.isFinite(Math.fround(number)))
    if (bad >= 0)
      refuse(
        `"${this.#field}" holds ${vector[bad]} as its number ${bad + 1}`,
        'A vector holds finite numbers that fit into a float32.',
      )
    if (this.#directionNeeded && vector.every((number) => number === 0)) {
      refuse(
        `"${this.#field}" is all zeros, which has no direction for cosine`,
        'Leave such records out, or import with --metric l2.',
      )
    }
  }
}

/** The numbers in the first row's vector. @throws RowError that names the fields which could be meant. */
export function dimensionsOf({ at, record }: Row, path: string, field: string, unit: RowReader['unit']): number {
  const vector = valueAt(record, field)
  if (isNumbers(vector)) return vector.length
  const candidates = Object.entries(record)
    .filter(([, value]) => isNumbers(value))
    .map(([name]) => name)
  const hint =
    candidates.length === 0
      ? 'The vector must be an array of numbers in a field of each record.'
      : `Arrays of numbers are in: ${candidates.join(', ')}. Choose one with --field.`
  throw new RowError(
    path,
    `${unit} ${at}`,
    vector === undefined ? `has no field "${field}"` : `"${field}" is not an array of numbers`,
    hint,
  )
}

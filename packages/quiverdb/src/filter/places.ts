/** Asked of a value; `undefined` is a missing place. */
export type ValueTest = (value: unknown) => boolean

interface Segment {
  readonly name: string
  /** Where the segment is a whole number. */
  readonly index: number | undefined
}

/**
 * A dotted path, split once, that finds the places where it ends in a record. `Condition` says what a place is; the empty path is the record itself.
 *
 * @example
 * ```ts
 * const cities = new FieldPath('addresses.city')
 * cities.some({ addresses: [{ city: 'Bonn' }, {}] }, (city) => city === undefined) // true: one place is missing
 * cities.collect({ addresses: [{ city: 'Bonn' }, {}] }) // ['Bonn']
 * ```
 */
export class FieldPath {
  readonly path: string
  readonly #segments: readonly Segment[]

  constructor(path: string) {
    this.path = path
    this.#segments = path === '' ? [] : path.split('.').map((name) => ({ name, index: indexOf(name) }))
  }

  /** Whether the test passes at one of the places; they are asked in the order of the arrays, until one passes. */
  some(record: unknown, test: ValueTest): boolean {
    if (this.#segments.length === 1 && isObject(record)) {
      return test(Object.hasOwn(record, this.path) ? record[this.path] : undefined)
    }
    return someFrom(record, this.#segments, 0, test)
  }

  /** Every place in turn. */
  visit(record: unknown, visitor: (value: unknown) => void): void {
    this.some(record, (value) => {
      visitor(value)
      return false
    })
  }

  /** What is at each place. */
  placesIn(record: unknown): unknown[] {
    const places: unknown[] = []
    this.visit(record, (value) => places.push(value))
    return places
  }

  /** The one place of the path where arrays are collected (`collect` of a condition). */
  collect(record: unknown): unknown {
    let value = record
    for (const { name, index } of this.#segments) {
      if (!Array.isArray(value)) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
      else value = index === undefined ? collected(value, name) : value[index]
      if (value === undefined) return undefined
    }
    return value
  }
}

/** Whether the test passes for one of the values that are tried at a place: itself and, of an array, its elements. */
export function someTried(value: unknown, arrays: 'whole' | 'elements' | undefined, test: ValueTest): boolean {
  if (!Array.isArray(value) || arrays === 'whole') return test(value)
  return (arrays === undefined && test(value)) || value.some(test)
}

function someFrom(value: unknown, segments: readonly Segment[], depth: number, test: ValueTest): boolean {
  const segment = segments[depth]
  if (!segment) return test(value)
  if (Array.isArray(value)) {
    if (segment.index !== undefined)
      return segment.index < value.length ? someFrom(value[segment.index], segments, depth + 1, test) : test(undefined)
    const objects = value.filter(isObject)
    return objects.length === 0 ? test(undefined) : objects.some((element) => someFrom(element, segments, depth, test))
  }
  if (!isObject(value) || !Object.hasOwn(value, segment.name)) return test(undefined)
  return someFrom(value[segment.name], segments, depth + 1, test)
}

function collected(elements: readonly unknown[], name: string): unknown[] | undefined {
  const found = elements.filter(isObject).filter((element) => Object.hasOwn(element, name))
  return found.length === 0 ? undefined : found.map((element) => element[name]).flat()
}

function indexOf(name: string): number | undefined {
  return /^(0|[1-9]\d*)$/.test(name) ? Number(name) : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

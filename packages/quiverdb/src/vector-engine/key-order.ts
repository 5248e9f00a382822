import { compareCodePoints as compareKeys } from '../filter/text-order.js'

export { compareKeys }

/** Keys of a set in byte order, sorted when someone looks: a write costs nothing, a look after n writes a merge. */
export class SortedKeys {
  #sorted: string[] = []
  readonly #added = new Set<string>()
  readonly #removed = new Set<string>()

  /** A key that is not there. */
  add(key: string): void {
    if (!this.#removed.delete(key)) this.#added.add(key)
  }

  /** A key that is there. */
  remove(key: string): void {
    if (!this.#added.delete(key)) this.#removed.add(key)
  }

  clear(): void {
    this.#sorted = []
    this.#added.clear()
    this.#removed.clear()
  }

  /** Not to be changed, and good until the next change. */
  all(): readonly string[] {
    if (this.#removed.size) this.#sorted = this.#sorted.filter((key) => !this.#removed.has(key))
    if (this.#added.size) this.#sorted = merged(this.#sorted, [...this.#added].sort(compareKeys))
    this.#added.clear()
    this.#removed.clear()
    return this.#sorted
  }
}

function merged(a: readonly string[], b: readonly string[]): string[] {
  if (!a.length || compareKeys(a.at(-1)!, b[0]!) < 0) return [...a, ...b]
  const out: string[] = []
  let i = 0
  for (const key of b) {
    while (i < a.length && compareKeys(a[i]!, key) < 0) out.push(a[i++]!)
    out.push(key)
  }
  for (; i < a.length; i++) out.push(a[i]!)
  return out
}

import type { Condition } from './condition.js'

/** A condition that `where()` built and checked; it stands wherever a filter may. */
export class BuiltCondition {
  readonly condition: Condition
  readonly #filter: object

  /** @param filter the same as plain data */
  constructor(condition: Condition, filter: object) {
    this.condition = condition
    this.#filter = filter
    Object.freeze(this)
  }

  /** The same filter as plain data, in the style of MongoDB. */
  toJSON(): object {
    return this.#filter
  }
}

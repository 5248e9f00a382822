import type { Condition } from '../../filter/condition.js'
import { compileCondition } from '../../filter/evaluate.js'
import { Bitset } from '../../format/bitset.js'
import { columnField } from '../version/column-key.js'
import type { SetState } from '../version/directory.js'
import { readFields, touchesAny } from '../version/fields.js'
import type { CollectionState } from '../version/state.js'

/** Evaluates one condition over rows. Vectors are put back into the fields only where the condition asks for them. */
export class RowFilter {
  readonly condition: Condition
  readonly #matches: (fields: Record<string, unknown>) => boolean
  readonly #needsVectors: boolean
  readonly #needsId: boolean

  constructor(condition: Condition, collection: CollectionState) {
    this.condition = condition
    this.#matches = compileCondition(condition)
    const fields = new Set<string>()
    for (const { set } of collection.sets) for (const key of set.columnKeys()) fields.add(columnField(key) ?? '')
    fields.delete('')
    this.#needsVectors = touchesAny(condition, [...fields])
    this.#needsId = touchesAny(condition, ['id'])
  }

  matches({ set }: SetState, slot: number): boolean {
    const fields = readFields(set, slot, this.#needsVectors)
    if (this.#needsId) fields['id'] = set.id(slot)
    return this.#matches(fields)
  }

  /** The living rows of a set that match. */
  matching(state: SetState): Bitset {
    const found = new Bitset(state.rows)
    for (let slot = 0; slot < state.rows; slot++) {
      if (!state.dead.has(slot) && this.matches(state, slot)) found.add(slot)
    }
    return found
  }
}

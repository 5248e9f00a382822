import type { Unit } from '../project.js'
import { notFound, unprocessable } from '../problem.js'
import type { StoredIndex } from '../stored.js'
import { declaredIndexes } from './catalogue.js'
import type { VectorEntry } from './entry.js'

/** Vectors by AI index, as `$vectors` of a record takes them. */
export type TargetVectors = { [indexId: string]: number[] }

/** Finds the external indexes that the vectors of written records go to. One serves a request: it remembers the indexes of a label. */
export class VectorTargets {
  readonly #unit: Unit
  readonly #external = new Map<string, Promise<readonly StoredIndex[]>>()

  constructor(unit: Unit) {
    this.#unit = unit
  }

  /**
   * The vectors of a record's entries, by index: an entry goes to the external index of its label and property that has its size, and its similarity
   * function where it names one. Of two entries for one index the later wins.
   *
   * @param entries as `vectorEntries` checked them
   * @example
   * ```ts
   * const targets = new VectorTargets(unit)
   * await unit.records.upsert([{ ...record, $vectors: await targets.vectorsFor('Doc', vectorEntries(body.vectors)) }])
   * ```
   * @throws RushProblem 404: no index fits. 422: several fit
   */
  async vectorsFor(label: string | undefined, entries: readonly VectorEntry[]): Promise<TargetVectors> {
    const vectors: TargetVectors = {}
    for (const entry of entries) vectors[targetOf(await this.#indexesOf(label), label, entry).id] = entry.vector
    return vectors
  }

  #indexesOf(label: string | undefined): Promise<readonly StoredIndex[]> {
    if (label === undefined) return Promise.resolve([])
    const known = this.#external.get(label)
    if (known) return known
    const indexes = declaredIndexes(this.#unit, { label, sourceType: 'external' })
    this.#external.set(label, indexes)
    return indexes
  }
}

function targetOf(indexes: readonly StoredIndex[], label: string | undefined, entry: VectorEntry): StoredIndex {
  const { propertyName, vector, similarityFunction } = entry
  const fitting = indexes.filter(
    (index) =>
      index.propertyName === propertyName &&
      index.dimensions === vector.length &&
      (similarityFunction == null || index.similarityFunction === similarityFunction),
  )
  const [target, ...others] = fitting
  if (!target) {
    const wanted = similarityFunction == null ? '' : ` and similarityFunction "${similarityFunction}"`
    throw notFound(
      `There is no external index of label "${label ?? ''}" and property "${propertyName}" for vectors of ${vector.length} dimensions${wanted}.`,
    )
  }
  if (others.length > 0)
    throw unprocessable(
      `Several external indexes of label "${label}" and property "${propertyName}" have ${vector.length} dimensions: specify similarityFunction.`,
    )
  return target
}

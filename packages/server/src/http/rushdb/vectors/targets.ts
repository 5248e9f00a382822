import type { Unit } from '../project.js'
import { notFound, unprocessable } from '../problem.js'
import type { StoredIndex } from '../stored.js'
import { declaredIndexes } from './catalogue.js'
import { type VectorEntry, vectorEntries } from './entry.js'

/** Vectors by AI index, as `$vectors` of a record takes them; null takes one away. */
export type TargetVectors<V = number[]> = { [indexId: string]: V }

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
   * @param entries are checked here, so that rows of an import need not be
   * @example
   * ```ts
   * const targets = new VectorTargets(unit)
   * await unit.records.upsert([{ ...record, $vectors: await targets.vectorsFor('Doc', [{ propertyName: 'content', vector: [1, 0, 0] }]) }])
   * ```
   * @throws RushProblem 400: malformed. 404: no index fits. 422: several fit
   */
  async vectorsFor(label: string | undefined, entries: readonly VectorEntry[] | undefined): Promise<TargetVectors> {
    const vectors: TargetVectors = {}
    for (const entry of vectorEntries(entries)) vectors[targetOf(await this.#indexesOf(label), label, entry).id] = entry.vector
    return vectors
  }

  /**
   * What takes away the vectors that external indexes hold of these properties: for a record that loses them.
   *
   * @example
   * ```ts
   * await unit.records.update(id, { data, props, $vectors: { ...(await targets.without('Doc', ['content'])), ...newOnes } })
   * ```
   */
  async without(label: string | undefined, propertyNames: readonly string[]): Promise<TargetVectors<null>> {
    if (propertyNames.length === 0) return {}
    const indexes = await this.#indexesOf(label)
    return Object.fromEntries(
      indexes.filter(({ propertyName }) => propertyNames.includes(propertyName)).map(({ id }) => [id, null]),
    )
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

import type { Embedder } from '../../embed/embedder.js'
import type { VectorIndex } from '../version/index-state.js'

/** The embedders that this process was given for the managed indexes of a namespace. An index has the one whose id it records. */
export class Embedders {
  /** By collection and id. */
  readonly #given = new Map<string, Map<string, Embedder>>()
  readonly #heard: () => void

  /** @param heard called after each that is given */
  constructor(heard: () => void) {
    this.#heard = heard
  }

  /** Where there is one with this id already, the new one takes its place. */
  give(collection: string, embedder: Embedder): void {
    const known = this.#given.get(collection) ?? new Map<string, Embedder>()
    this.#given.set(collection, known.set(embedder.id, embedder))
    this.#heard()
  }

  of(collection: string, { definition }: VectorIndex): Embedder | undefined {
    return definition.embedder === undefined ? undefined : this.#given.get(collection)?.get(definition.embedder)
  }

  /** Collections that any was given for. */
  get collections(): Iterable<string> {
    return this.#given.keys()
  }
}

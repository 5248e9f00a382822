import type { DocumentChange } from './unfinished-documents.js'

/** What an update does with documents. */
export class StagedDocuments {
  readonly #changes = new Map<string, DocumentChange>()
  /** Chunks that are inserted, by the id of their document. */
  readonly #inserted = new Map<string, readonly string[]>()

  get changes(): DocumentChange[] {
    return [...this.#changes.values()]
  }

  /** The chunks of a document that the update inserts. */
  chunksOf(id: string): readonly string[] {
    return this.#inserted.get(id) ?? []
  }

  add(change: DocumentChange, chunks: readonly string[]): void {
    const { id } = change
    const goes = this.#changes.get(id)?.goes
    this.#inserted.set(id, chunks)
    this.#changes.set(id, {
      ...change,
      ...(goes !== undefined && { goes }),
      ...(chunks[0] !== undefined && { comes: chunks[0] }),
    })
  }

  /** @param isSaved whether it was there before the update, and not only since @param chunks those that it had before */
  delete(change: DocumentChange, isSaved: boolean, chunks: readonly string[]): void {
    const { id } = change
    const goes = this.#changes.get(id)?.goes ?? chunks[0]
    this.#inserted.delete(id)
    if (isSaved) this.#changes.set(id, { ...change, ...(goes !== undefined && { goes }) })
    else this.#changes.delete(id)
  }

  clear(): void {
    this.#changes.clear()
    this.#inserted.clear()
  }
}

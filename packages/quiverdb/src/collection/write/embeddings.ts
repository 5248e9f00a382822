import { concat } from '../../format/container.js'
import type { Ledger } from '../ledger.js'
import type { Fields } from '../types.js'
import type { CollectionDraft } from '../version/draft.js'
import type { VectorIndex } from '../version/index-state.js'
import { Stage } from './stage.js'
import { inlineRows, sealBatch } from './write.js'

/** The vector of a record's text. */
export interface Embedding {
  readonly id: string
  readonly text: string
  readonly vector: Float32Array
}

/** Thrown while preparing when no record waits for these vectors any longer. */
class NothingToWrite extends Error {}

/**
 * Gives records the vectors of their texts in a managed index, where they still have these texts and no vector. It is maintenance: what the
 * records are does not change, and no transaction that read them need know. Returns how many there were.
 */
export async function putEmbeddings(
  ledger: Ledger,
  uuid: string,
  name: string,
  { definition }: VectorIndex,
  embeddings: readonly Embedding[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let written = 0
  try {
    await ledger.commit(
      {
        kind: 'maintenance',
        sizeBytes: embeddings.length * (definition.dimensions * 4 + 64),
        rowsMax: embeddings.length,
        prepare: (draft, firstRow) => {
          const collection = draft.collection(uuid)
          const { rows } = stageEmbeddings(ledger, collection, name, definition.uuid, embeddings)
          written = rows.rows
          const prepareRows = inlineRows(uuid, rows, concat(sealBatch(ledger.parts, rows)))
          return prepareRows(collection, firstRow, draft.firstRid(firstRow))
        },
      },
      signal,
    )
  } catch (error) {
    if (error instanceof NothingToWrite) return 0
    throw error
  }
  return written
}

function stageEmbeddings(
  { parts }: Ledger,
  collection: CollectionDraft,
  name: string,
  indexUuid: string,
  embeddings: readonly Embedding[],
): Stage {
  const indexes = collection.indexes.map(({ index }) => index)
  const index = indexes.find(({ definition }) => definition.uuid === indexUuid)
  // Dropped, or its model was changed, which makes another index of it.
  if (!index) throw new NothingToWrite()
  const stage = new Stage(name, indexes, parts.pool)
  for (const { id, text, vector } of embeddings) {
    const found = collection.find(id)
    if (!found || index.column(found.state.set)?.has(found.slot)) continue
    const now = index.textOf(JSON.parse(found.state.set.fieldsText(found.slot)) as Fields)
    if (now === text) stage.addVector(id, index, vector)
  }
  if (stage.rows.rows === 0) throw new NothingToWrite()
  return stage
}

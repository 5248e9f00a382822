import type { EmbeddingWork, Ledger } from '../ledger.js'
import type { ManagedStatus } from '../types.js'
import type { VectorIndex } from '../version/index-state.js'
import type { CollectionState } from '../version/state.js'
import { PendingTexts } from './pending-texts.js'

/** An embedder that failed as often as this is taken for one that is away. */
export const failuresUntilError = 3

/** How far a managed index is. @param embedded records that have their vector */
export async function managedStatus(
  { embedders, parts, embedding }: Ledger,
  collection: CollectionState,
  index: VectorIndex,
  embedded: number,
): Promise<ManagedStatus> {
  const pending = PendingTexts.of(index)
  await pending.look(collection, parts)
  const work = embedding(index.definition.uuid)
  const waiting = pending.count(collection)
  const refused = pending.countAmong(collection, work.refused)
  const message = work.failure instanceof Error ? work.failure.message : undefined
  return {
    embedder: index.definition.embedder!,
    status: waiting === refused ? 'ready' : statusOf(work, embedders.of(collection.uuid, index) !== undefined),
    records: embedded + waiting,
    embedded,
    refused,
    ...(message !== undefined && { error: message }),
  }
}

function statusOf({ failures, isAutomatic }: EmbeddingWork, hasEmbedder: boolean): ManagedStatus['status'] {
  if (!hasEmbedder) return 'pending'
  if (failures >= failuresUntilError) return 'error'
  return isAutomatic ? 'indexing' : 'pending'
}

import { checkSnapshot } from './check-input.js'
import type { EngineCore } from './engine-core.js'
import { DEFAULT_COLLECTION, PersistentVectorIndex } from './types.js'

/** A collection as a value, in the order of its keys; an empty one where there is none of that name. */
export function snapshotOf(core: EngineCore, name: string): PersistentVectorIndex {
  const found = core.collections.get(name)
  const snapshot = new PersistentVectorIndex(name, found?.embeddings.config)
  if (!found) return snapshot
  const { space } = found.embeddings
  for (const key of space.keys.all()) {
    const embedding = space.get(key)!
    snapshot.push(key, space.read(embedding), embedding.metadata)
  }
  return snapshot
}

/** Names of the collections that hold something, the default store first. */
export function namesToSave(core: EngineCore): string[] {
  return [DEFAULT_COLLECTION, ...core.collections.names()].filter((name) => core.collections.get(name)!.embeddings.count > 0)
}

/**
 * Takes a collection in, with its configuration: what it holds is added to what is there. All of it, or nothing.
 * @throws VectorError EmptyVector, DimensionMismatch, InvalidVector, ConfigurationError, BatchOperationError: memory is full
 */
export function restore(core: EngineCore, operation: string, snapshot: PersistentVectorIndex): string {
  const { collection: name, config, vectors } = snapshot
  checkSnapshot(snapshot, core.context.config)
  const present = core.collections.get(name)
  const before = present?.embeddings.config
  const { embeddings } = name === DEFAULT_COLLECTION ? core.defaults : core.collections.configure(name, config)
  try {
    embeddings.storeMany(
      operation,
      vectors.map(({ key, vector, metadata }) => ({ key, vector, metadata: metadata ?? undefined })),
    )
  } catch (error) {
    if (present && before) present.embeddings.config = before
    else core.collections.delete(name)
    throw error
  }
  return name
}

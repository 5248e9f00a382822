import { describe, it } from 'vitest'
import { MemoryObjects, MemoryStore } from '../store/memory-store.js'
import { checkModel } from '../testing/check-model.js'

const memory = async () => {
  const objects = new MemoryObjects()
  return async () => new MemoryStore(objects)
}
const base = { place: memory, runs: 8, commands: 60 }

describe('a database under random commands', () => {
  it('answers as its model does', () => checkModel({ ...base, databases: 1, seed: 1 }))
  it('does so with two of them over one store', () => checkModel({ ...base, databases: 2, seed: 2 }))
  it('does so where rows are spread over many graphs', () =>
    checkModel({ ...base, databases: 2, seed: 4, tuning: { graphNodesMax: 30 } }))
  it('keeps named versions when all others may go', () =>
    checkModel({ ...base, databases: 2, seed: 3, retention: { versionsMs: 0, uploadMs: 0 } }))
})

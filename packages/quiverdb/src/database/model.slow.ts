import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { DirectoryStore } from '../store/directory-store.js'
import { MemoryObjects, MemoryStore } from '../store/memory-store.js'
import { checkModel } from '../testing/check-model.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-model-'))
})
afterAll(() => rm(folder, { recursive: true }))

const memory = async () => {
  const objects = new MemoryObjects()
  return async () => new MemoryStore(objects)
}
const directory = async () => {
  const path = await mkdtemp(join(folder, 'run-'))
  return () => DirectoryStore.open(path)
}
/** Fresh at every run: a failure prints its seed. */
const collecting = { versionsMs: 0, uploadMs: 0 }

describe('a database under many random commands', () => {
  it.each([
    { name: 'memory', place: memory, databases: 1, runs: 60, commands: 80 },
    { name: 'memory, two databases', place: memory, databases: 2, runs: 60, commands: 80 },
    { name: 'memory, two databases, collecting', place: memory, databases: 2, runs: 60, commands: 80, retention: collecting },
    { name: 'memory, many graphs', place: memory, databases: 2, runs: 60, commands: 80, tuning: { graphNodesMax: 25 } },
    { name: 'folder, two databases', place: directory, databases: 2, runs: 15, commands: 60 },
    { name: 'folder, two databases, collecting', place: directory, databases: 2, runs: 15, commands: 60, retention: collecting },
  ])('answers as its model does: $name', (run) => checkModel(run))
})

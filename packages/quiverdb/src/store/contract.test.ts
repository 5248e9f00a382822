import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { objectStoreContract } from './contract.js'
import { nodeFileSystem, type FileSystem } from './directory/file-system.js'
import { DirectoryStore } from './directory-store.js'
import { FailingStore } from './failing-store.js'
import { InstrumentedStore } from './instrumented-store.js'
import { MemoryObjects, MemoryStore } from './memory-store.js'
import type { ObjectStore } from './object-store.js'

/** As exFAT and some network file systems answer. */
const withoutLinks: FileSystem = {
  ...nodeFileSystem,
  link: () => Promise.reject(Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })),
}

/** Gives an opener of stores over one empty place. */
type Place = () => Promise<{ open: () => Promise<ObjectStore>; remove?: () => Promise<void> }>

const stores: Record<string, Place> = {
  'a folder with links': () => folder(() => nodeFileSystem),
  'a folder without links': () => folder(() => withoutLinks),
  'a folder whose users disagree about links': () => folder((n) => (n % 2 === 0 ? withoutLinks : nodeFileSystem)),
  memory: async () => {
    const objects = new MemoryObjects()
    return { open: async () => new MemoryStore(objects) }
  },
  'memory behind wrappers': async () => {
    const objects = new MemoryObjects()
    return { open: async () => new InstrumentedStore(new FailingStore(new MemoryStore(objects), () => undefined)) }
  },
}

describe.each(Object.entries(stores))('%s', (_, place) => {
  it.each(objectStoreContract)('$name', async ({ run }) => {
    const { open, remove } = await place()
    try {
      await run(open)
    } finally {
      await remove?.()
    }
  })
})

async function folder(fileSystemOf: (n: number) => FileSystem): ReturnType<Place> {
  const path = await mkdtemp(join(tmpdir(), 'quiver-store-'))
  let opened = 0
  return {
    open: () => DirectoryStore.open(join(path, 'new/data'), { fileSystem: fileSystemOf(opened++) }),
    remove: () => rm(path, { recursive: true }),
  }
}

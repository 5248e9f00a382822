import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeFileSystem, type FileSystem } from './directory/file-system.js'
import { openFilesMax } from './directory/open-files.js'
import { DirectoryStore } from './directory-store.js'

const body = new TextEncoder().encode('twelve bytes')

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quiver-store-'))
})

afterEach(() => rm(root, { recursive: true }))

describe('opening', () => {
  it('makes the folder and those above it', async () => {
    const store = await DirectoryStore.open(join(root, 'a/b/c/'))
    expect(await store.putNew('k', body)).toBe('created')
    expect(await readdir(join(root, 'a/b/c'))).toContain('k')
    await store.close()
  })

  it('says what stands in its way', async () => {
    await writeFile(join(root, 'file'), 'x')
    await expect(DirectoryStore.open(join(root, 'absent'), { create: false })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(DirectoryStore.open(join(root, 'file'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(DirectoryStore.open(join(root, 'file/inside'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  it('writes nothing until it is asked to', async () => {
    const store = await DirectoryStore.open(root)
    await store.get('k')
    for await (const key of store.list('')) expect.fail(key)
    await store.close()
    expect(await readdir(root)).toEqual([])
  })

  it('removes what dead processes left, and nothing that may be alive', async () => {
    const longAgo = new Date(Date.now() - 86_400_000)
    await mkdir(join(root, '.tmp/dead.d'), { recursive: true })
    await writeFile(join(root, '.tmp/dead'), 'half')
    await writeFile(join(root, '.tmp/dead.d/#o'), 'whole')
    await writeFile(join(root, '.tmp/alive'), 'half')
    await utimes(join(root, '.tmp/dead'), longAgo, longAgo)
    await utimes(join(root, '.tmp/dead.d'), longAgo, longAgo)
    const store = await DirectoryStore.open(root)
    expect(await readdir(join(root, '.tmp'))).toEqual(['alive'])
    for await (const key of store.list('')) expect.fail(key)
    await store.close()
  })
})

describe('a full disk', () => {
  it.each(['open', 'write', 'fsync', 'link', 'mkdir', 'rename'] as const)(
    'at %s leaves nothing behind, and later writes work',
    async (step) => {
      const { store, fail } = await faultyStore()
      // What is overwritten in place goes by rename.
      const key = step === 'rename' ? 'n/pin/k' : 'n/k'
      const write = () => (step === 'rename' ? store.put(key, body) : store.putNew(key, body))
      fail(step, 'ENOSPC')
      await expect(write()).rejects.toMatchObject({ code: 'STORAGE_FULL' })
      expect(await filesIn(root)).toEqual([])
      fail(step, undefined)
      await write()
      expect(await store.get(key)).toEqual(body)
      await store.close()
      expect(await filesIn(root)).toEqual([key])
    },
  )

  it('is told from a quota that Node has no name for', async () => {
    const { store, fail } = await faultyStore()
    fail('write', 'Unknown system error -122', -122)
    await expect(store.put('k', body)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    await store.close()
  })
})

describe('a failing disk', () => {
  it('abandons a file whose sync failed', async () => {
    const { store, fail, calls } = await faultyStore()
    fail('fsync', 'EIO')
    await expect(store.putNew('k', body)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(calls('fsync')).toBe(1)
    expect(calls('link')).toBe(0)
    expect(await filesIn(root)).toEqual([])
    await store.close()
  })

  it('does not answer before the folder is synced', async () => {
    const { store, fail } = await faultyStore()
    await store.putNew('n/first', body)
    fail('syncDirectory', 'EIO')
    await expect(store.putNew('n/k', body)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    await expect(store.putNew('n/k', body)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    await expect(store.putNew('n/first', body)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    fail('syncDirectory', undefined)
    expect(await store.putNew('n/k', body)).toBe('exists')
    expect(await store.get('n/k')).toEqual(body)
    await store.close()
  })

  it('does not claim that a link failed when it may not have', async () => {
    const { store, fail } = await faultyStore()
    fail('link', 'EIO')
    await expect(store.putNew('k', body)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    fail('link', undefined)
    expect(await store.putNew('k', body)).toBe('created')
    await store.close()
  })

  it('reports reads that fail', async () => {
    const { store, fail } = await faultyStore()
    await store.putNew('k', body)
    fail('open', 'EACCES')
    fail('openSync', 'EACCES')
    fail('readDirectory', 'EACCES')
    await expect(store.get('k')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(() => store.sync.readInto('k', 0, new Uint8Array(1))).toThrow(/reading k: EACCES/)
    await expect(store.list('')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await store.close()
  })

  it('reads on where the system gives fewer bytes than asked for', async () => {
    const slow: FileSystem = {
      ...nodeFileSystem,
      read: (fd, target, position) => nodeFileSystem.read(fd, target.subarray(0, 5), position),
      readSync: (fd, target, position) => nodeFileSystem.readSync(fd, target.subarray(0, 5), position),
    }
    const store = await DirectoryStore.open(root, { fileSystem: slow })
    await store.put('k', body)
    expect(await store.get('k')).toEqual(body)
    expect(store.sync.get('k')).toEqual(body)
    const target = new Uint8Array(body.byteLength)
    expect(store.sync.readInto('k', 1, target)).toBe(body.byteLength - 1)
    expect(target.subarray(0, -1)).toEqual(body.subarray(1))
    await store.close()
  })

  it('writes on where the system takes fewer bytes than offered', async () => {
    const slow: FileSystem = {
      ...nodeFileSystem,
      write: (fd, chunks) => nodeFileSystem.write(fd, [(chunks[0] as Uint8Array).subarray(0, 5)]),
    }
    const store = await DirectoryStore.open(root, { fileSystem: slow })
    await store.put('k', [body, new Uint8Array(0), body])
    expect(Buffer.from((await store.get('k')) ?? []).toString()).toBe('twelve bytestwelve bytes')
    await store.close()
  })
})

describe('syncing folders', () => {
  it('shares one sync among those who wait, and none that began before their change', async () => {
    const gates: (() => void)[] = []
    const linked: string[] = []
    const synced: string[][] = []
    let gated = false
    const held: FileSystem = {
      ...nodeFileSystem,
      link: (from, to) => nodeFileSystem.link(from, to).then(() => void linked.push(to.slice(-1))),
      async syncDirectory(path) {
        const covered = [...linked]
        if (gated) await new Promise<void>((resolve) => gates.push(resolve))
        if (gated) synced.push(covered)
        await nodeFileSystem.syncDirectory(path)
      },
    }
    const store = await DirectoryStore.open(root, { fileSystem: held })
    await store.putNew('n/0', body)
    gated = true
    const answered: string[] = []
    const writes = ['1', '2', '3', '4', '5'].map((name) => store.putNew(`n/${name}`, body).then(() => answered.push(name)))
    await until(() => linked.length === 6 && gates.length === 1)
    expect(answered).toEqual([])
    gates.shift()?.()
    await until(() => gates.length === 1)
    expect(answered.every((name) => synced[0]?.includes(name))).toBe(true)
    gates.shift()?.()
    await Promise.all(writes)
    expect(synced.length).toBe(2)
    expect(synced[1]).toEqual(expect.arrayContaining(['1', '2', '3', '4', '5']))
    await store.close()
  })

  it('comes before the answer for each new folder, from the top down', async () => {
    const synced: string[] = []
    const recorded: FileSystem = {
      ...nodeFileSystem,
      syncDirectory: (path) => (synced.push(path.slice(root.length)), nodeFileSystem.syncDirectory(path)),
    }
    const store = await DirectoryStore.open(root, { fileSystem: recorded })
    await store.putNew('a/b/1', body)
    expect(synced.slice(1)).toEqual(['', '/a', '/a/b'])
    await store.putNew('a/b/2', body)
    expect(synced.slice(4)).toEqual(['/a/b'])
    await store.close()
  })
})

describe('folders', () => {
  it('go when they are empty, and come back', async () => {
    const [one, other] = [await DirectoryStore.open(root), await DirectoryStore.open(root)]
    await one.putNew('a/b/1', body)
    await other.putNew('a/c', body)
    await other.delete(['a/b/1'])
    expect(await readdir(join(root, 'a'))).toEqual(['c'])
    expect(await one.putNew('a/b/2', body)).toBe('created')
    await other.delete(['a/b/2'])
    await one.put('a/b/3', body)
    expect(await other.get('a/b/3')).toEqual(body)
    await one.close()
    await other.close()
  })

  it('are not objects, and objects are not folders', async () => {
    const store = await DirectoryStore.open(root)
    await store.putNew('a/b', body)
    await expect(store.putNew('a', body)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(store.putNew('a/b/c', body)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(store.put('a', body)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await filesIn(root)).toEqual(['a/b'])
    await store.close()
  })
})

describe('open files', () => {
  it('are bounded, read again after eviction, and closed at the end', async () => {
    const { store, calls } = await faultyStore()
    const count = openFilesMax + 20
    for (let i = 0; i < count; i++) await writeFile(join(root, `k${i}`), String(i))
    const target = new Uint8Array(4)
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < count; i++) {
        const read = store.sync.readInto(`k${i}`, 0, target)
        expect(Buffer.from(target.subarray(0, read)).toString()).toBe(String(i))
        expect(calls('openSync') - calls('closeSync')).toBeLessThanOrEqual(openFilesMax)
      }
    }
    const opened = calls('openSync')
    for (let i = count - openFilesMax; i < count; i++) expect(store.sync.readInto(`k${i}`, 0, target)).toBeGreaterThan(0)
    expect(calls('openSync')).toBe(opened)
    await store.close()
    expect(calls('closeSync')).toBe(calls('openSync'))
  })

  it('do not outlive an object that is overwritten or deleted, by whomever', async () => {
    const [one, other] = [await DirectoryStore.open(root), await DirectoryStore.open(root)]
    const target = new Uint8Array(1)
    await other.put('n/pin/x', Uint8Array.of(1))
    expect([one.sync.readInto('n/pin/x', 0, target), target[0]]).toEqual([1, 1])
    await other.put('n/pin/x', Uint8Array.of(2))
    expect([one.sync.readInto('n/pin/x', 0, target), target[0]]).toEqual([1, 2])
    await one.put('n/k', Uint8Array.of(3))
    expect([one.sync.readInto('n/k', 0, target), target[0]]).toEqual([1, 3])
    await one.put('n/k', Uint8Array.of(4))
    expect([one.sync.readInto('n/k', 0, target), target[0]]).toEqual([1, 4])
    await one.close()
    await other.close()
  })
})

type Step = keyof FileSystem

/** A store whose file system refuses the steps it is told to, and counts them all. */
async function faultyStore() {
  const failures = new Map<Step, Error>()
  const counts = new Map<Step, number>()
  const fileSystem = Object.fromEntries(
    (Object.keys(nodeFileSystem) as Step[]).map((step) => [
      step,
      (...given: unknown[]) => {
        counts.set(step, (counts.get(step) ?? 0) + 1)
        const failure = failures.get(step)
        if (failure && step.endsWith('Sync')) throw failure
        return failure ? Promise.reject(failure) : (nodeFileSystem[step] as (...given: unknown[]) => unknown)(...given)
      },
    ]),
  ) as unknown as FileSystem
  const store = await DirectoryStore.open(root, { fileSystem })
  counts.clear()
  const fail = (step: Step, code: string | undefined, errno?: number) => {
    if (code === undefined) failures.delete(step)
    else failures.set(step, Object.assign(new Error(`${code}: ${step}`), { code, errno }))
  }
  return { store, fail, calls: (step: Step) => counts.get(step) ?? 0 }
}

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

import { createRequire } from 'node:module'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomSource } from '@quiverdb/testing'
import type { Collection } from '../collection/collection.js'
import { DirectoryStore } from '../store/directory-store.js'
import { afterCrashOperation, crashCollections, crashOptions, type CrashState } from '../testing/crash-operations.js'
import { writeUntilKilled } from '../testing/killed-writer.js'
import { open, type Database } from './database.js'
import { ReferenceCollection } from '../testing/reference-collection.js'

const kills = 100
const killAfterMsMax = 500
const sources = fileURLToPath(new URL('../testing/', import.meta.url))
/** Beside the built library, which the writer uses as a program would. */
const built = join(dirname(createRequire(import.meta.url).resolve('quiverdb')), 'testing')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-crash-'))
  await mkdir(built, { recursive: true })
  for (const name of ['crash-operations', 'crash-writer']) {
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    const { outputText } = ts.transpileModule(await readFile(join(sources, `${name}.ts`), 'utf8'), { compilerOptions: options })
    await writeFile(join(built, `${name}.js`), outputText)
  }
})
afterAll(() => rm(folder, { recursive: true }))

it(`loses nothing that it acknowledged in ${kills} kills, and shows nothing by halves`, async () => {
  const random = randomSource(20)
  let state: CrashState = { one: new Map(), two: new Map() }
  let next = 0
  const seen = new Set<string>()
  for (let kill = 0; kill < kills; kill++) {
    const program = [join(built, 'crash-writer.js'), folder, String(next)]
    const last = await writeUntilKilled(program, random() * killAfterMsMax)
    const done = last === undefined ? next : last + 1
    for (; next < done; next++) state = afterCrashOperation(state, next)
    const db = await open(folder, { ...crashOptions, maintenance: 'manual' })
    const found = await read(db)
    const after = afterCrashOperation(state, next)
    // The operation that was under way is there whole or not at all.
    if (found.one.size > 0 && equal(found, after)) {
      state = after
      next++
    }
    expect(found, `kill ${kill}, ${next} operations`).toEqual(state)
    const { problems } = await db.check()
    expect(problems, `kill ${kill}`).toEqual([])
    await expectFound(db, state)
    await noteObjects(seen)
    await db.close()
  }
  expect(next).toBeGreaterThan(kills)
  expect([...seen].sort(), 'everything happened that happens behind a database').toEqual([
    'fields',
    'gc',
    'graph',
    'log',
    'rows',
    'snap',
  ])
})

/** Kinds of objects: a graph was built, a snapshot written, a boundary published. */
async function noteObjects(seen: Set<string>): Promise<void> {
  const store = await DirectoryStore.open(folder)
  for await (const key of store.list('ns/')) {
    const kind = /\/(fields|gc|graph|log|rows|snap)\//.exec(key)?.[1]
    if (kind) seen.add(kind)
  }
  await store.close()
}

/** Words find what they find in the records that there are to be. */
async function expectFound(db: Database, state: CrashState): Promise<void> {
  for (const name of crashCollections) {
    const collection = await db.collection(name)
    // A writer may have been killed before it declared them.
    if ((await collection.texts()).length === 0) continue
    const reference = new ReferenceCollection(undefined, undefined, undefined, [['said', 'english']])
    for (const [id, fields] of state[name]) reference.put(id, fields)
    const text = 'more k7 k8'
    const { hits } = await collection.searchText({ text, limit: 10_000 })
    expect(hits.map(({ id, score }) => ({ id, score }))).toEqual(reference.wordRanking('said', text, { operator: 'or' }))
  }
}

async function read(db: Database): Promise<CrashState> {
  const [one, two] = await Promise.all(crashCollections.map(async (name) => records(await db.collection(name))))
  return { one: one!, two: two! }
}

async function records(collection: Collection): Promise<Map<string, Record<string, unknown>>> {
  const page = await collection.list({ limit: 10_000 })
  return new Map(page.records.map((record) => [record.id, record]))
}

/** Whether each record is there with the same numbers of the operations that wrote it. */
function equal(a: CrashState, b: CrashState): boolean {
  return crashCollections.every((name) => {
    const [x, y] = [a[name], b[name]]
    return (
      x.size === y.size &&
      [...x].every(([id, { written, patched }]) => y.get(id)?.['written'] === written && y.get(id)?.['patched'] === patched)
    )
  })
}

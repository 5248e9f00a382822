import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtInEmbedder } from '../embed/index.js'
import { open, type OpenOptions } from '../index.js'

const records = 200
const dimensions = 64

/** Writes records and embeds them, a few at a time, each round a while after the one before. Says when the first round was asked for. */
const source = `
const { open } = await import(process.argv[2])
const { builtInEmbedder } = await import(process.argv[3])
const [path, from, roundMs] = process.argv.slice(4)
const inner = builtInEmbedder({ dimensions: ${dimensions} })
let rounds = 0
const embedder = {
  ...inner,
  limits: { batchTexts: 8, concurrency: 1 },
  embed: async (texts, call) => {
    process.stdout.write('round ' + ++rounds + '\\n')
    await new Promise((resolve) => setTimeout(resolve, Number(roundMs)))
    return inner.embed(texts, call)
  },
}
const db = await open(path)
const notes = await db.collection('notes', { indexes: [{ field: 'body', source: 'managed', embedder }] })
const own = Array.from({ length: ${records} }, (_, n) => ({ id: 'n' + (n + Number(from)), body: 'word' + (n + Number(from)) + ' and others' }))
await notes.upsert(own)
await db.settled()
await db.close()
`

let folder: string
let script: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-managed-'))
  script = join(folder, 'writer.mjs')
  await writeFile(script, source)
})
afterAll(() => rm(folder, { recursive: true }))

function write(path: string, from: number, roundMs: number) {
  const resolve = createRequire(import.meta.url).resolve
  const entries = ['quiverdb', 'quiverdb/embed'].map((name) => pathToFileURL(resolve(name)).href)
  return spawn(process.execPath, [script, ...entries, path, String(from), String(roundMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function openNotes(path: string, options: OpenOptions = {}) {
  const db = await open(path, options)
  const embedder = builtInEmbedder({ dimensions })
  const notes = await db.collection('notes', { indexes: [{ field: 'body', source: 'managed', embedder }] })
  return { db, notes }
}

test('what a process that was killed left undone is done when the folder is opened again', async () => {
  const path = join(folder, 'killed')
  const child = write(path, 0, 10)
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
    if (output.includes('round 5')) child.kill('SIGKILL')
  })
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
  const left = await openNotes(path, { maintenance: 'manual' })
  expect((await left.notes.indexes())[0]!.managed!.embedded).toBeLessThan(records)
  await left.db.close()
  const { db, notes } = await openNotes(path)
  await expect.poll(async () => (await notes.indexes())[0]!.managed, { timeout: 10_000 }).toMatchObject({ status: 'ready', records, embedded: records }) // prettier-ignore
  expect((await notes.search({ text: 'word77', limit: 1 })).hits[0]!.id).toBe('n77')
  await db.close()
})

test('two processes over one folder embed the texts of both', async () => {
  const path = join(folder, 'shared')
  await (await openNotes(path)).db.close()
  const children = [write(path, 0, 1), write(path, records, 1)]
  expect(await Promise.all(children.map((child) => once(child, 'exit')))).toEqual([[0, null], [0, null]]) // prettier-ignore
  const { db, notes } = await openNotes(path)
  await db.settled()
  expect((await notes.indexes())[0]!.managed).toMatchObject({ records: 2 * records, embedded: 2 * records, refused: 0 })
  for (const n of [3, records + 3]) expect((await notes.search({ text: `word${n}`, limit: 1 })).hits[0]!.id).toBe(`n${n}`)
  expect((await db.check()).problems).toEqual([])
  await db.close()
})

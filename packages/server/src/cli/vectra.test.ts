import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ItemInput, LocalFileStorage, LocalIndex } from 'quiverdb/vectra'
import { afterAll, describe, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/quiver.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'quiver-cli-vectra-'))
const db = join(folder, 'data')
const path = (name: string) => join(folder, name)
const open = (name: string) => new LocalIndex(path(name), undefined, new LocalFileStorage())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function quiver(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args, '--db', db, '--json'], { encoding: 'utf8' })
  return { status, stderr, answer: stdout ? (JSON.parse(stdout) as Record<string, unknown>) : undefined }
}

const items: ItemInput[] = [
  { id: 'a', vector: [0.1, 0.2, 0.7], metadata: { year: 1958, title: 'Perceptron', ok: true } },
  { id: 'b', vector: [0, 0, 0], metadata: { year: 1986 } },
  { id: 'c', vector: [3, -4, 1e-9], metadata: { title: 'Attention' } },
]

describe('quiver vectra', () => {
  test('brings a folder into a collection, and out again with the same numbers', async () => {
    const index = open('notes')
    await index.createIndex({ version: 1, metadata_config: { indexed: ['year'] } })
    await index.batchInsertItems(items)
    const imported = quiver('vectra', 'import', path('notes'), '--collection', 'notes')
    expect(imported).toMatchObject({ status: 0, answer: { records: 3, withoutVector: 0 } })
    const found = quiver('search', '--collection', 'notes', '--vector', '[0.1, 0.2, 0.7]', '--limit', '1').answer
    expect(found).toMatchObject({ hits: [{ id: 'a', record: { title: 'Perceptron', year: 1958 } }] })

    expect(quiver('vectra', 'export', path('out'), '--collection', 'notes', '--indexed', 'year', '--format', 'json').status).toBe(
      0,
    )
    const exported = open('out')
    expect(await exported.listItems()).toEqual(
      (await index.listItems()).map(({ metadataFile, ...item }) =>
        metadataFile ? { ...item, metadataFile: expect.any(String) as string } : item,
      ),
    )
    const hits = await exported.queryItems([3, -4, 1e-9], '', 1)
    expect(hits[0]!.item.metadata).toEqual({ title: 'Attention' })
  })

  test('refuses what it cannot do, and leaves nothing behind', () => {
    expect(quiver('vectra', 'import', path('nowhere'), '--collection', 'x').status).toBe(3)
    const again = quiver('vectra', 'export', path('out'), '--collection', 'notes')
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('ALREADY_EXISTS')
    expect(readdirSync(folder).sort()).toEqual(['data', 'notes', 'out'])
  })

  test('says which item has metadata that a record cannot have', async () => {
    const index = open('odd')
    await index.createIndex()
    await index.insertItem({ id: 'x', vector: [1], metadata: { embedding: 'text' } })
    const { status, stderr } = quiver('vectra', 'import', path('odd'), '--collection', 'odd')
    expect(status).toBe(1)
    expect(stderr).toContain('record 1: has metadata named \\"embedding\\"')
    expect(quiver('vectra', 'import', path('odd'), '--collection', 'even', '--field', 'v').status).toBe(0)
  })
})

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/quiver.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'quiver-cli-'))
const db = join(folder, 'data')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  exitCode: number | null
  stdout: string
  stderr: string
}

function start(...args: string[]) {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  const ended = new Promise<Ended>((resolve) => child.on('close', (exitCode) => resolve({ exitCode, ...output })))
  return { child, ended }
}

const quiver = (...args: string[]) => start(...args).ended

/** Runs with --json and gives back what stdout held, which must be one line and all there is. */
async function json<T>(...args: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await quiver(...args, '--json')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout.trimEnd()).not.toContain('\n')
  return JSON.parse(stdout) as T
}

interface Hits {
  hits: { id: string; distance: number; record: Record<string, unknown> }[]
  version: string
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content)
  return name
}

const papers = [
  { id: 'p1', title: 'Perceptron', year: 1958, embedding: [1, 0, 0] },
  { id: 'p2', title: 'Backpropagation', year: 1986, embedding: [0.8, 0.6, 0] },
  { id: 'p3', title: 'Attention', year: 2017, embedding: [0, 1, 0] },
]
const lines = (records: readonly object[]) => records.map((record) => JSON.stringify(record)).join('\n')

describe('from a file to answers', () => {
  let imported: { records: number; version: string; ready: boolean }
  beforeAll(async () => {
    imported = await json(
      'import',
      file('papers.jsonl', lines(papers)),
      '--db',
      db,
      '--collection',
      'papers',
      '--message',
      'first import',
    )
  })

  it('imports', () => {
    expect(imported).toMatchObject({ collection: 'papers', records: 3, withoutVector: 0, ready: true })
  })

  it('searches by vector, by record and by a row of a file', async () => {
    const near = await json<Hits>('search', '--db', db, '--vector', '[1, 0, 0]', '--limit', '2')
    expect(near.hits.map((hit) => hit.id)).toEqual(['p1', 'p2'])
    expect(near.hits[1]!.distance).toBeCloseTo(0.2, 5)
    expect(near.hits[0]!.record).toEqual(papers[0])
    const like = await json<Hits>('search', '--db', db, '--like', 'p3', '--collection', 'papers', '--limit', '1')
    expect(like.hits.map((hit) => hit.id)).toEqual(['p2'])
    const vectors = Buffer.from(new Int32Array([3, 0, 0, 0, 3, ...new Int32Array(Float32Array.of(0, 1, 0).buffer)]).buffer)
    const row = await json<Hits>('search', '--db', db, '--vector-file', `${file('queries.fvecs', vectors)}:1`, '--exact')
    expect(row.hits[0]!.id).toBe('p3')
  })

  it('filters, and brings only the fields that were asked for', async () => {
    const { hits } = await json<Hits>(
      'search',
      '--db',
      db,
      '--vector',
      '1 0 0',
      '--where',
      '{"year":{"$gte":1980}}',
      '--fields',
      'year',
    )
    expect(hits.map((hit) => hit.record)).toEqual([
      { id: 'p2', year: 1986 },
      { id: 'p3', year: 2017 },
    ])
  })

  it('gets records, and says which are missing', async () => {
    expect(await json('get', 'p2', 'p1', '--db', db)).toEqual({ records: [papers[1], papers[0]], missing: [] })
    const some = await quiver('get', 'p1', 'p9', '--db', db, '--json')
    expect(some.exitCode).toBe(3)
    expect(JSON.parse(some.stdout)).toEqual({ records: [papers[0]], missing: ['p9'] })
    expect(JSON.parse(some.stderr)).toMatchObject({ error: { code: 'NOT_FOUND' } })
  })

  it('shows what is there', async () => {
    const { namespaces } = await json<{ namespaces: { name: string; collections: unknown[] }[] }>('info', '--db', db)
    const index = { name: 'embedding', dimensions: 3, metric: 'cosine', status: 'ready', records: 3 }
    expect(namespaces).toMatchObject([{ name: 'default', collections: [{ name: 'papers', records: 3, indexes: [index] }] }])
  })

  it('lists versions, and searches an older one', async () => {
    const changed = file('changed.jsonl', lines([{ ...papers[0], embedding: [0, 0, 1] }]))
    await json('import', changed, '--db', db, '--collection', 'papers')
    const { version } = await json<{ version: string }>('commit', '--db', db, '-m', 'second import')
    const log = await json<{ version: string; message?: string }[]>('log', '--db', db)
    expect(log.filter((entry) => entry.message !== undefined).map(({ message, version }) => [message, version])).toEqual([
      ['second import', version],
      ['first import', imported.version],
    ])
    const search = ['search', '--db', db, '--vector', '1 0 0', '--limit', '1']
    expect((await json<Hits>(...search)).hits[0]!.id).toBe('p2')
    expect((await json<Hits>(...search, '--at', imported.version)).hits[0]!.id).toBe('p1')
    expect((await quiver(...search, '--at', 'main@999')).exitCode).toBe(3)
  })

  it('checks', async () => {
    expect(await json('check', '--db', db)).toMatchObject({ ok: true, problems: [] })
  })

  it('tells the same to people', async () => {
    const said = async (...args: string[]) => (await quiver(...args, '--db', db)).stdout
    expect(await said('search', '--like', 'p3', '--limit', '1')).toMatch(/^id +distance +.*\np2 +0\.4 /)
    expect(await said('get', 'p3')).toMatch(/^p3\n[^]*title +Attention\n/)
    expect(await said('info')).toMatch(/papers +3 +embedding +3 +cosine/)
    expect(await said('log')).toMatch(/^version [^]*second import\n[^]*first import\n/)
    expect(await said('check')).toMatch(/^All is whole/)
  })
})

describe('imports that go wrong', () => {
  it('writes nothing of the batch with the bad row, and keeps those before', async () => {
    const rows = Array.from({ length: 25 }, (_, at) => ({ id: `r${at}`, embedding: at === 17 ? [1, 2, 3] : [1, at] }))
    const args = [
      'import',
      file('bad.jsonl.gz', gzipSync(lines(rows))),
      '--db',
      db,
      '--namespace',
      'bad',
      '--collection',
      'c',
      '--batch',
      '5',
      '--json',
    ]
    const { exitCode, stdout, stderr } = await quiver(...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    const { error } = JSON.parse(stderr) as { error: { message: string; details: { stored: number } } }
    expect(error.message).toBe('bad.jsonl.gz, line 18: "embedding" has 3 numbers, not 2')
    expect(error.details.stored).toBe(15)
    expect((await quiver('get', 'r14', '--db', db, '--namespace', 'bad')).exitCode).toBe(0)
    expect((await quiver('get', 'r15', '--db', db, '--namespace', 'bad')).exitCode).toBe(3)
  })

  it('leaves no database behind when not one row can be read', async () => {
    const fresh = join(folder, 'fresh')
    const field = await quiver('import', file('field.jsonl', '{"id":"a","vec":[1]}'), '--db', fresh, '--collection', 'c')
    expect(field).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Arrays of numbers are in: vec.') as string })
    expect((await quiver('import', file('empty.csv', ''), '--db', fresh, '--collection', 'c')).exitCode).toBe(1)
    expect((await quiver('import', 'missing.npy', '--db', fresh, '--collection', 'c')).exitCode).toBe(3)
    expect(existsSync(fresh)).toBe(false)
  })

  it('refuses vectors that do not fit the index which is there', async () => {
    const { exitCode, stderr } = await quiver(
      'import',
      file('wide.jsonl', '{"embedding":[1,2,3,4]}'),
      '--db',
      db,
      '--collection',
      'papers',
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('has 4 numbers, not 3') as string })
  })

  it.skipIf(process.platform === 'win32')('stops at an interrupt and says what was stored', async () => {
    const pipe = join(folder, 'endless.jsonl')
    execFileSync('mkfifo', [pipe])
    const { child, ended } = start(
      'import',
      pipe,
      '--db',
      db,
      '--namespace',
      'stopped',
      '--collection',
      'c',
      '--batch',
      '1',
      '--json',
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    const writer = await open(pipe, 'w')
    const write = (at: number) => writer.write(`{"id":"r${at}","embedding":[1,${at}]}\n`).catch(() => {})
    let over = false
    void ended.then(() => (over = true))
    await write(0)
    while ((await quiver('get', 'r0', '--db', db, '--namespace', 'stopped')).exitCode !== 0) expect(over).toBe(false)
    child.kill('SIGINT')
    // The import looks at the interrupt with every row.
    for (let at = 1; !over; at++) await Promise.all([write(at), new Promise((resolve) => setTimeout(resolve, 20))])
    await writer.close()
    const { exitCode, stderr } = await ended
    expect(exitCode).toBe(130)
    const { stored } = (JSON.parse(stderr) as { error: { details: { stored: number } } }).error.details
    expect(stored).toBeGreaterThanOrEqual(1)
    expect((await quiver('get', `r${stored - 1}`, '--db', db, '--namespace', 'stopped')).exitCode).toBe(0)
    expect((await quiver('get', `r${stored}`, '--db', db, '--namespace', 'stopped')).exitCode).toBe(3)
  })
})

describe('a damaged database', () => {
  it('fails its check', async () => {
    const damaged = join(folder, 'damaged')
    // Large enough for rows that lie in objects of their own, which opening does not read as a whole.
    const rows = Array.from({ length: 300 }, (_, at) => ({
      id: `r${at}`,
      embedding: Array.from({ length: 64 }, (_, column) => Math.sin(at * column + 1)),
    }))
    await json('import', file('rows.jsonl', lines(rows)), '--db', damaged, '--collection', 'c')
    expect(await json('check', '--db', damaged)).toMatchObject({ ok: true, records: 300 })
    const objects = readdirSync(damaged, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && /\brows\b/.test(entry.parentPath),
    )
    expect(objects.length).toBeGreaterThan(0)
    const path = join(objects[0]!.parentPath, objects[0]!.name)
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(path, bytes)
    const { exitCode, stdout } = await quiver('check', '--db', damaged, '--json')
    expect(exitCode).toBe(1)
    const report = JSON.parse(stdout) as { ok: boolean; problems: { kind: string }[] }
    expect(report.ok).toBe(false)
    expect(report.problems.map((problem) => problem.kind)).toContain('damaged')
    expect((await quiver('check', '--db', damaged)).stdout).toMatch(/^\d+ problems? found in .*:\n +default: damaged/)
  })
})

describe('refusals', () => {
  it('makes no database where one should be read', async () => {
    const nowhere = join(folder, 'nowhere')
    for (const args of [['info'], ['log'], ['check'], ['get', 'a'], ['search', '--vector', '1'], ['commit', '-m', 'x']]) {
      const { exitCode, stdout, stderr } = await quiver(...args, '--db', nowhere, '--json')
      expect({ args, exitCode, stdout }).toEqual({ args, exitCode: 3, stdout: '' })
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'NOT_FOUND' } })
    }
    expect(existsSync(nowhere)).toBe(false)
  })

  it('exits with 2 when the command itself is wrong', async () => {
    const wrong = [
      [],
      ['serch'],
      ['search', '--limit', 'x'],
      ['search', '--db', db, '--where', '{'],
      ['search', '--db', db],
      ['get', '--db', db],
      ['commit', '--db', db],
    ]
    for (const args of wrong) expect({ args, exitCode: (await quiver(...args)).exitCode }).toEqual({ args, exitCode: 2 })
    const { stderr } = await quiver('serch')
    expect(stderr).toBe("quiver: unknown command 'serch'\n        Did you mean search?\n")
  })

  it('passes on what the database refuses', async () => {
    const short = await quiver('search', '--db', db, '--vector', '[1, 2]', '--json')
    expect(short.exitCode).toBe(1)
    expect(JSON.parse(short.stderr)).toMatchObject({ error: { code: 'DIMENSION_MISMATCH' } })
    expect((await quiver('search', '--db', db, '--vector', '1 2 3', '--collection', 'none')).exitCode).toBe(3)
    expect((await quiver('log', '--db', db, '--namespace', 'none')).exitCode).toBe(3)
  })

  it('shows help without an error', async () => {
    const { exitCode, stdout } = await quiver('search', '--help')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('--like <id>')
  })
})

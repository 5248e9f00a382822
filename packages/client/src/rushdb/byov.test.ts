import { createServer, type QuiverServer } from '@quiverdb/server'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Database, open } from 'quiverdb'
import ts from 'typescript'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import RushDB, { RushDBError } from '../index.js'

const page = readFileSync(new URL('../../test/byov.md', import.meta.url), 'utf8')
const blocks = new Map([...page.matchAll(/^## (.*)\n+```ts\n([^]*?)```$/gm)].map(([, name, code]) => [name!, code!]))
const ownPage = readFileSync(new URL('../../../../docs/CLIENT.md', import.meta.url), 'utf8')
blocks.set('docs/CLIENT.md', /A test runs this[^]*?```ts\n([^]*?)```/.exec(ownPage)![1]!)
const imports = /^import .* from '(@rushdb[/]javascript-sdk|@quiverdb[/]client)'\n/gm

function block(name: string): string {
  const code = blocks.get(name)
  if (code === undefined) throw new Error(`The page has no block '${name}'.`)
  return code.replace(imports, '')
}

class MyEmbeddingModel {
  async embed(text: string): Promise<number[]> {
    return ones.map((_, at) => text.charCodeAt(at % text.length))
  }
}

const ones = new Array<number>(768).fill(1)

describe('each block of the page', () => {
  const given = `
    import RushDB, { type ApiResponse, type EmbeddingIndex, RushDBError } from '@quiverdb/client'
    declare class MyEmbeddingModel { embed(text: string): Promise<number[]> }
    declare const extIndex: EmbeddingIndex
    declare const myVec: number[], vec: number[]
    declare const process: { env: Record<string, string | undefined> }
  `
  const sources = new Map([...blocks.keys()].map((name, at) => [`/block-${at}.ts`, given + sourceOf(name)]))

  /** The block as a module; what follows the declarations stands in a scope of its own, as it may declare them anew. */
  function sourceOf(name: string): string {
    const code = block(name)
    if (name === 'upsertVectors, signature') {
      const signature = code.replace('db.ai.indexes.upsertVectors', 'type Shown =').replace('): Promise', ') => Promise')
      return `${signature}\nexport const call = (db: RushDB, ...given: Parameters<Shown>) => db.ai.indexes.upsertVectors(...given)`
    }
    return `export async function run(${code.includes('new RushDB') ? '' : 'db: RushDB'}) {\n${code}\n}`
  }

  it('has the types that the client has', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url))
    const options: ts.CompilerOptions = {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      paths: { '@quiverdb/client': [`${root}dist/index.d.ts`] },
    }
    const host = ts.createCompilerHost(options)
    const { getSourceFile, fileExists } = host
    host.fileExists = (path) => sources.has(path) || fileExists(path)
    host.getSourceFile = (path, target) =>
      sources.has(path) ? ts.createSourceFile(path, sources.get(path)!, target) : getSourceFile(path, target)
    const problems = ts.getPreEmitDiagnostics(ts.createProgram([...sources.keys()], options, host))
    expect(ts.formatDiagnostics(problems, { ...host, getCurrentDirectory: () => '/' })).toBe('')
    expect(blocks.size).toBe(10)
  })
})

describe('against a server', () => {
  let database: Database
  let server: QuiverServer
  let db: RushDB
  let url: string

  beforeEach(async () => {
    database = await open('memory:')
    server = await createServer(database, { logLevel: 'silent' })
    await listen()
    db = new RushDB('your-api-key')
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await server.close()
    await database.close()
  })

  /** Where a client looks by itself; where another program is there, the environment says another place. */
  async function listen(): Promise<void> {
    for (const name of ['QUIVER_URL', 'QUIVER_API_KEY', 'RUSHDB_API_KEY']) vi.stubEnv(name, '')
    try {
      url = await server.listen()
    } catch {
      url = await server.listen({ port: 0 })
      vi.stubEnv('QUIVER_URL', url)
    }
  }

  /** Runs a block. @param names what stands before it on the page. Returns what it wrote to the console. */
  async function run(name: string, names: object = {}): Promise<unknown[]> {
    const printed: unknown[] = []
    const scope = {
      RushDB,
      RushDBError,
      MyEmbeddingModel,
      console: { log: (...values: unknown[]) => printed.push(...values) },
      ...names,
    }
    const code = ts.transpile(`export async function run() {\n${block(name)}\n}`, { target: ts.ScriptTarget.ES2023 })
    const made = new Function(...Object.keys(scope), `${code.replace('export ', '')}\nreturn run()`)
    await made(...Object.values(scope))
    return printed
  }

  it.each(['create, shorthand', 'create, explicit'])('%s', async (name) => {
    await run(name, { db })
    const { data } = await db.ai.indexes.find()
    expect(data).toMatchObject([
      { label: 'Article', propertyName: 'body', sourceType: 'external', status: 'awaiting_vectors', dimensions: 768 },
    ])
    await expect(run(name, { db })).rejects.toMatchObject({
      status: 409,
      message: expect.stringMatching(/^409 .*already exists/),
    })
  })

  it('upsertVectors, again and again', async () => {
    await run('create, shorthand', { db })
    const { data: indexes } = await db.ai.indexes.find()
    const [extIndex] = indexes
    await db.records.createMany({ label: 'Article', data: [{ body: 'one' }, { body: 'two' }] })
    await db.records.create({ label: 'Other', data: { body: 'three' } })
    await run('upsertVectors', { db, extIndex })
    await run('upsertVectors', { db, extIndex })
    expect((await db.ai.indexes.stats(extIndex!.id)).data).toEqual({ totalRecords: 2, indexedRecords: 2 })
    expect((await db.ai.indexes.find()).data[0]!.status).toBe('ready')
    const queryVector = await new MyEmbeddingModel().embed('two')
    const { data } = await db.ai.search({ label: 'Article', propertyName: 'body', queryVector })
    expect(data.map(({ body }) => body)).toEqual(['two', 'one'])
  })

  it('inline', async () => {
    await run('create, shorthand', { db })
    await run('inline', { db, myVec: ones })
    const { data } = await db.ai.search({ label: 'Article', propertyName: 'body', queryVector: ones })
    expect(data).toMatchObject([{ title: 'Warp drives', __label: 'Article', __score: expect.closeTo(1, 5) }])
    expect((await db.ai.indexes.find()).data[0]!.status).toBe('ready')
  })

  it('disambiguation', async () => {
    await expect(run('disambiguation', { db, vec: ones })).rejects.toMatchObject({ status: 422 })
    const { data } = await db.records.find({ labels: ['Product'] })
    expect(data.map(({ name }) => name)).toEqual(['Widget'])
    const search = { label: 'Product', propertyName: 'embedding', queryVector: ones }
    expect((await db.ai.search({ ...search, similarityFunction: 'cosine' })).data).toMatchObject([{ name: 'Widget' }])
    expect((await db.ai.search({ ...search, similarityFunction: 'euclidean' })).data).toEqual([])
    await expect(db.ai.search(search)).rejects.toMatchObject({ status: 422 })
  })

  it('worked example', async () => {
    const [title, score] = await run('worked example')
    expect(title).toBe('Alpha')
    expect(score).toBeCloseTo(1, 6)
  })

  it('createMany', async () => {
    await db.ai.indexes.create({ label: 'Doc', propertyName: 'content', external: true, dimensions: 3 })
    await run('createMany', { db })
    const { data } = await db.ai.search({ label: 'Doc', propertyName: 'content', queryVector: [0, 1, 0] })
    expect(data[0]).toMatchObject({ title: 'Beta', __score: expect.closeTo(1, 6) })
    expect(data).toHaveLength(3)
  })

  it('managed and external', async () => {
    await run('managed and external', { db })
    const { data: indexes } = await db.ai.indexes.find()
    expect(indexes.map(({ sourceType }) => sourceType).sort()).toEqual(['external', 'managed'])
    const vector = ones.slice(0, 512)
    const create = (description: string, more: object = {}) =>
      db.records.create({ label: 'Product', data: { description }, ...more })
    await create('A teapot of porcelain', { vectors: [{ propertyName: 'description', vector }] })
    await create('A bicycle with two gears')
    const managed = indexes.find(({ sourceType }) => sourceType === 'managed')!
    await expect.poll(async () => (await db.ai.indexes.stats(managed.id)).data).toEqual({ totalRecords: 2, indexedRecords: 2 })
    const byText = await db.ai.search({ label: 'Product', propertyName: 'description', query: 'bicycle gears' })
    expect(byText.data[0]!.description).toBe('A bicycle with two gears')
    const byVector = await db.ai.search({ label: 'Product', propertyName: 'description', queryVector: vector })
    expect(byVector.data).toMatchObject([{ description: 'A teapot of porcelain', __score: expect.closeTo(1, 6) }])
  })

  it('the page of this client', async () => {
    const printed = await run('docs/CLIENT.md', { process: { env: { MY_SERVER: url, MY_KEY: 'any' } } })
    expect(printed).toEqual([
      'Warp drives',
      expect.any(String),
      'Warp drives',
      expect.closeTo(1, 2),
      409,
      expect.stringMatching(/^409 .*already exists/),
    ])
    const { data } = await db.records.find({ labels: ['Article'], where: { DEPARTMENT: {} } })
    expect(data).toMatchObject([{ title: 'Warp drive', body: 'Alcubierre metric' }])
  })
})

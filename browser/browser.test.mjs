import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { launch } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleWithEsbuild, bundleWithVite, developWithVite, makeApp, pageOfDocs, splitWithEsbuild } from './app.mjs'
import { findChromium } from './chromium.mjs'
import { isolation, serve } from './site.mjs'

let app
let browser
beforeAll(async () => {
  app = makeApp()
  // A container's root has no sandbox; the pages are our own.
  browser = await launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-dev-shm-usage'] })
})
afterAll(() => browser?.close())

/** Opens a page, whose errors fail the test that uses it next. */
async function visit(url) {
  const page = await browser.newPage()
  const errors = []
  const printed = []
  let workers = 0
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => (message.type() === 'error' ? errors : printed).push(message.text()))
  page.on('workercreated', () => workers++)
  await page.goto(url)
  await page.waitForFunction(() => globalThis.checks !== undefined)
  return {
    page,
    check: (name, ...given) => page.evaluate((name, given) => globalThis.checks[name](...given), name, given),
    errors: () => errors.splice(0),
    printed: () => printed,
    workers: () => workers,
  }
}

const bundlers = { esbuild: bundleWithEsbuild, Vite: bundleWithVite }
const pages = Object.keys(bundlers).flatMap((bundler) => [
  { bundler, name: 'isolated', headers: isolation },
  { bundler, name: 'as any page', headers: {} },
])

describe.each(pages)('collections, bundled by $bundler, $name', ({ bundler, headers, name }) => {
  const isolated = name === 'isolated'
  let site
  let visited
  beforeAll(async () => {
    site = await serve(await bundlers[bundler](app, 'collections'), headers)
    visited = await visit(site.url)
  })
  afterAll(async () => {
    expect(visited.errors()).toEqual([])
    await visited.page.close()
    await site.close()
  })

  it('knows whether memory is shared', async () => {
    expect(await visited.check('environment')).toEqual({ isolated, sharesMemory: isolated })
  })

  it('keeps records, searches, filters, and reads versions', async () => {
    const found = await visited.check('collection')
    expect(found).toMatchObject({ counts: [1999, 2000, 20], isGone: true, isKept: true, problems: 0, collections: [] })
    expect(found.recall).toBeGreaterThanOrEqual(0.95)
    expect(found.filtered).toBeGreaterThanOrEqual(0.95)
  })

  it('builds a graph on a worker', async () => {
    const before = visited.workers()
    const settled = await visited.check('settle')
    expect(settled).toMatchObject({ status: 'ready', graphs: [6000], unindexed: 0, problems: 0 })
    expect(settled.tasks).toContain('build')
    expect(settled.recall).toBeGreaterThanOrEqual(0.95)
    expect(visited.workers()).toBeGreaterThan(before)
  })

  it('builds graphs on its own', async () => {
    const { graphs } = await visited.check('background')
    expect(graphs).toEqual([5000])
  })

  it('says that there are no folders', async () => {
    const { code, message } = await visited.check('folders')
    expect(code).toBe('UNSUPPORTED')
    expect(message).toContain('./data')
  })

  it.runIf(isolated)('builds a graph by threads that share memory', async () => {
    const { added, recall, lanes } = await visited.check('threads')
    expect(added).toBe(6000)
    expect(recall).toBeGreaterThanOrEqual(0.95)
    expect(lanes).toBe(1)
  })

  it.skipIf(isolated)('refuses to share memory', async () => {
    expect(await visited.check('refusedThreads')).toBe('INVALID_ARGUMENT')
  })

  it.skipIf(isolated)('lets memory go with a database', async () => {
    expect(await visited.check('memory', 150)).toBe(150)
  })
})

describe.each(Object.keys(bundlers))("Vectra's index in IndexedDB, bundled by %s", (bundler) => {
  let site
  beforeAll(async () => {
    site = await serve(await bundlers[bundler](app, 'vectra'))
  })
  afterAll(() => site.close())

  it.each(['json', 'protobuf'])('is there when the page is loaded again: %s', async (format) => {
    const first = await visit(site.url)
    expect(await first.check('fill', format)).toMatchObject({ version: 1, items: 799 })
    expect(first.errors()).toEqual([])
    await first.page.close()
    const second = await visit(site.url)
    expect(await second.check('read', format)).toEqual({
      ...{ items: 799, changed: 2000, gone: true, text: 'note 5' },
      ...{ recall: 1, filtered: 1 },
    })
    expect(second.errors()).toEqual([])
    await second.page.close()
  })

  it('keeps what another tab has written, and migrates', async () => {
    const visited = await visit(site.url)
    await visited.check('fill', 'json')
    expect(await visited.check('others')).toEqual(['a', 'b', 'c', 'd'])
    expect(await visited.check('migrate')).toBe(803)
    expect(visited.errors()).toEqual([])
    await visited.page.close()
  })

  it("keeps files as Vectra's storage does", async () => {
    const visited = await visit(site.url)
    expect(await visited.check('files')).toEqual({
      listed: [['a/b', 'a/two.json'], ['a/two.json'], ['a/b'], ['a', 'top.txt']],
      details: [
        { name: 'one.txt', path: 'a/b/one.txt', isFolder: false, fileType: 'txt' },
        { name: 'a', path: 'a', isFolder: true },
      ],
      read: [[9, 2, 3], 'top'],
      isStamped: true,
      errors: [
        'File already exists: top.txt',
        'File not found: none',
        'Path not found: none',
        'Failed to write file: a is a folder',
        'Failed to create folder: top.txt is a file',
        'LocalFileStorage is not supported in browser environments. Use IndexedDBStorage or VirtualFileStorage instead.',
        'LocalFileStorage is not supported in browser environments. Use IndexedDBStorage or VirtualFileStorage instead.',
      ],
      stored: {
        files: [
          ['a/b/one.txt', 'a/b', 3],
          ['a/two.json', 'a', 3],
          ['top.txt', '.', 3],
        ],
        folders: [
          ['a', ''],
          ['a/b', 'a'],
        ],
      },
      left: [['top.txt'], false, false],
      reopened: true,
      databases: [],
    })
    expect(visited.errors()).toEqual([])
    await visited.page.close()
  })
})

it.each(Object.keys(bundlers))("Vectra's documents are there when the page is loaded again, bundled by %s", async (bundler) => {
  const site = await serve(await bundlers[bundler](app, 'vectra-documents'))
  const first = await visit(site.url)
  expect(await first.check('fill')).toMatchObject({ isTaken: true, isSame: true, stats: { documents: 2 } })
  await first.page.close()
  const second = await visit(site.url)
  const { uri, text } = await second.check('read')
  expect(uri).toBe('quiz')
  expect(text).toMatch(/^# Jazz quiz\n/)
  expect([...first.errors(), ...second.errors()]).toEqual([])
  await second.page.close()
  await site.close()
})

it.each(Object.keys(bundlers))('documents and words are found, bundled by %s', async (bundler) => {
  const site = await serve(await bundlers[bundler](app, 'documents'))
  const visited = await visit(site.url)
  expect(await visited.check('search', false)).toEqual([['wings.md', 1]])
  expect(await visited.check('search', true)).toEqual([['wings.md', 1]])
  expect(await visited.check('words')).toEqual(['words.md'])
  expect(visited.errors()).toEqual([])
  await visited.page.close()
  await site.close()
})

describe('docs/BROWSER.md', () => {
  it.each([
    ['esbuild', async (page) => (await splitWithEsbuild(app, page)).folder],
    ['Vite', (page) => bundleWithVite(app, page)],
  ])('prints what it says, bundled by %s', async (_, bundle) => {
    const { page, promised } = pageOfDocs(app)
    const site = await serve(await bundle(page))
    const visited = await visit(site.url)
    expect(visited.printed()).toEqual(promised)
    expect(promised.length).toBeGreaterThan(1)
    expect(visited.errors()).toEqual([])
    await visited.page.close()
    await site.close()
  })

  it.each([
    ['smallest', 235],
    ['vectra-smallest', 105],
  ])('says what a page downloads: %s', async (page, kilobytesMax) => {
    const { atOnce } = await splitWithEsbuild(app, page)
    const bytes = atOnce.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0)
    expect(bytes / 1000).toBeLessThan(kilobytesMax)
    expect(bytes / 1000).toBeGreaterThan(0.8 * kilobytesMax)
  })
})

it('runs as Vite serves it while it is written', async () => {
  const site = await developWithVite(app, 'collections')
  const visited = await visit(site.url)
  expect(await visited.check('settle')).toMatchObject({ graphs: [6000], problems: 0 })
  expect(visited.workers()).toBeGreaterThan(0)
  expect(visited.errors()).toEqual([])
  await visited.page.close()
  await site.close()
})

it('builds in the thread of the page, a little at a time, where a policy forbids workers', async () => {
  const policy = { 'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" }
  const site = await serve(await bundleWithEsbuild(app, 'collections'), policy)
  const visited = await visit(site.url)
  expect(await visited.check('settle')).toMatchObject({ status: 'ready', graphs: [6000], problems: 0 })
  const { graphs } = await visited.check('background')
  expect(graphs).toEqual([5000])
  const errors = visited.errors()
  expect(errors.length).toBeGreaterThan(0)
  expect(errors.filter((text) => !text.includes('Content Security Policy'))).toEqual([])
  await visited.page.close()
  await site.close()
})

it('shares an exact scan with threads in a worker of the page', async () => {
  const site = await serve(await bundleWithEsbuild(app, 'scan-worker'), isolation)
  const page = await browser.newPage()
  await page.goto(site.url)
  const answer = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker('page.js')
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(message))
      }),
  )
  expect(answer).toEqual({ lanes: 3, same: true })
  await page.close()
  await site.close()
})

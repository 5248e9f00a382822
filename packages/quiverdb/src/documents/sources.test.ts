import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { open, type Database, type Documents } from '../index.js'
import { countingEmbedder, wordTokenizer } from '../testing/counting-embedder.js'
import { fetchText, readFileText } from './sources-browser.js'

let db: Database
let folder: string
let documents: Documents
let numbered = 0

beforeAll(async () => {
  db = await open('memory:', { maintenance: 'manual' })
})
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'quiver-sources-')))
  documents = await named({ allowPrivateAddresses: true })
})
afterEach(() => rm(folder, { recursive: true }))
afterAll(() => db.close())

async function named(fetch: object): Promise<Documents> {
  const options = { embedder: countingEmbedder(), tokenizer: wordTokenizer, fetch }
  return (await db.collection(`sources${numbered++}`, { documents: options })).documents
}

const refused = (code: string, message?: RegExp) =>
  expect.objectContaining({ code, ...(message && { message: expect.stringMatching(message) as string }) }) as Error

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

describe('files', () => {
  it('are documents under their absolute path, or the uri that is given', async () => {
    const path = await file('Notes.MD', '\ufeff# Wings\n')
    await documents.upsert([{ file: path }, { file: path, uri: 'notes', docType: 'txt' }])
    expect(await documents.get(path)).toMatchObject({ text: '# Wings\n', docType: 'md' })
    expect(await documents.get('notes')).toMatchObject({ text: '# Wings\n', docType: 'txt' })
  })

  it('may be pages, or in UTF-16', async () => {
    const page = await file('page.html', '<title>x</title><h1>Wings</h1><script>no()</script><p>Lift <b>grows</b></p>')
    const utf16 = await file('wide.txt', new Uint8Array([0xff, 0xfe, ...Buffer.from('Grüße', 'utf16le')]))
    await documents.upsert([{ file: page }, { file: utf16 }])
    expect(await documents.get(page)).toMatchObject({
      text: expect.stringMatching(/# Wings\n\nLift \*\*grows\*\*$/),
      docType: 'md',
    })
    expect((await documents.get(utf16))?.text).toBe('Grüße')
  })

  it('that hold no text, or too much, or are none, are refused, and nothing is written', async () => {
    const good = await file('good.txt', 'good')
    const cases: [string, string][] = [
      [await file('picture.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1])), 'INVALID_DOCUMENT'],
      [await file('latin.txt', new Uint8Array([0x47, 0x72, 0xfc, 0xdf, 0x65])), 'INVALID_DOCUMENT'],
      [await file('large.txt', 'x'.repeat(5_000_000)), 'LIMIT_EXCEEDED'],
      [join(folder, 'missing.txt'), 'NOT_FOUND'],
      [folder, 'INVALID_DOCUMENT'],
    ]
    const version = await db.version()
    for (const [bad, code] of cases) {
      await expect(documents.upsert([{ file: good }, { file: bad }]), bad).rejects.toThrow(refused(code))
    }
    expect(await db.version()).toBe(version)
  })

  it.skipIf(process.getuid?.() === 0)('that may not be read are named', async () => {
    const path = await file('secret.txt', 'x')
    await chmod(path, 0)
    await expect(documents.upsert({ file: path })).rejects.toThrow(refused('STORAGE_FAILED', /secret\.txt/))
  })
})

describe('urls', () => {
  let server: Server
  let base: string
  const serve = async (listener: RequestListener): Promise<void> => {
    server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('become Markdown where they are pages, and stay what they are where they are not', async () => {
    await serve(({ url }, response) => {
      const [type, body] =
        url === '/page'
          ? ['text/html; charset=utf-8', '<h1>Wings</h1><p>See <a href="/tail">the tail</a>.</p>']
          : ['application/json', '{"a": 1}']
      response.writeHead(200, { 'content-type': type }).end(body)
    })
    await documents.upsert([{ url: `${base}/page`, metadata: { from: 'web' } }, { url: `${base}/data` }])
    expect(await documents.get(`${base}/page`)).toMatchObject({
      text: `# Wings\n\nSee [the tail](${base}/tail).`,
      docType: 'md',
      metadata: { from: 'web' },
    })
    expect(await documents.get(`${base}/data`)).toMatchObject({ text: '{"a": 1}', docType: 'json' })
  })

  it('that fail, hold no text or too much, or take too long are refused, and nothing is written', async () => {
    await serve(({ url }, response) => {
      if (url === '/missing') return void response.writeHead(404).end('no')
      if (url === '/picture') return void response.writeHead(200, { 'content-type': 'image/png' }).end('x')
      if (url === '/binary') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('a\0b')
      if (url === '/large') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(20_000))
      if (url === '/round') return void response.writeHead(302, { location: '/round' }).end()
    })
    const limited = await named({ allowPrivateAddresses: true, bytesMax: 10_000, timeoutMs: 200, redirectsMax: 2 })
    const version = await db.version()
    for (const [path, code] of [
      ['missing', 'FETCH_FAILED'],
      ['picture', 'INVALID_DOCUMENT'],
      ['binary', 'INVALID_DOCUMENT'],
      ['large', 'LIMIT_EXCEEDED'],
      ['round', 'LIMIT_EXCEEDED'],
      ['silent', 'TIMEOUT'],
    ] as const) {
      await expect(limited.upsert([{ uri: 'fine', text: 'fine' }, { url: `${base}/${path}` }]), path).rejects.toThrow(
        refused(code),
      )
    }
    await expect(limited.upsert({ url: 'ftp://example.com/x' })).rejects.toThrow(refused('INVALID_ARGUMENT'))
    await expect(limited.upsert({ url: `${base}/silent` }, { signal: AbortSignal.timeout(20) })).rejects.toThrow(
      refused('ABORTED'),
    )
    expect(await db.version()).toBe(version)
  })

  it('of this machine and private networks are refused unless they are allowed', async () => {
    await serve((_, response) => void response.end('secret'))
    const careful = await named({})
    await expect(careful.upsert({ url: `${base}/x` })).rejects.toThrow(refused('INVALID_ARGUMENT', /private/))
  })
})

it('a browser has neither, and says so; its tokens are three units each', async () => {
  await expect(readFileText('/x')).rejects.toThrow(refused('UNSUPPORTED'))
  await expect(fetchText('https://example.com')).rejects.toThrow(refused('UNSUPPORTED'))
  const { defaultTokenizer } = await import('./sources-browser.js')
  for (const text of ['', 'a', 'abc', 'abcd', '\0\0\0\0', '\ud800東京😀\uffff']) {
    const tokens = defaultTokenizer.encode(text)
    expect(tokens).toHaveLength(Math.ceil(text.length / 3))
    expect(defaultTokenizer.decode(tokens)).toBe(text)
  }
})

it('a folder named like a page is a folder', async () => {
  await mkdir(join(folder, 'x.html'))
  await expect(documents.upsert({ file: join(folder, 'x.html') })).rejects.toThrow(refused('INVALID_DOCUMENT'))
})

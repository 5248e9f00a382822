import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeywordRanking } from './bm25-engine.js'
import { FileFetcher, FolderWatcher, LocalDocumentIndex, WebFetcher } from './index.js'
import { loadKeywordTerms } from './keyword-terms.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-sources-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const refusal = (code: string) => expect.objectContaining({ code }) as Error
const path = (name: string): string => join(folder, name)

async function fetched(fetcher: FileFetcher | WebFetcher, uri: string): Promise<[uri: string, text: string, docType?: string][]> {
  const found: [string, string, string?][] = []
  await fetcher.fetch(uri, async (...document) => {
    found.push(document)
    return true
  })
  return found
}

describe('files', () => {
  it('of a folder are read but for those that are no text, or too large', async () => {
    await writeFile(path('a.md'), 'text')
    await writeFile(path('b.bin'), Buffer.from([1, 0, 2]))
    await writeFile(path('c.txt'), 'x'.repeat(2000))
    await writeFile(path('d.txt'), Buffer.from('\ufeffgrüße', 'utf16le'))
    await mkdir(path('e'))
    await symlink(folder, path('e/back'), 'junction')
    const skipped: unknown[] = []
    const fetcher = new FileFetcher({ bytesMax: 1000, onSkip: (...skip) => skipped.push(skip) })
    expect(await fetched(fetcher, folder)).toEqual([
      [path('a.md'), 'text', 'md'],
      [path('d.txt'), 'grüße', 'txt'],
    ])
    expect(skipped).toEqual([
      [path('b.bin'), 'binary'],
      [path('c.txt'), 'too large'],
    ])
    await expect(fetched(fetcher, path('b.bin'))).rejects.toThrow(refusal('UNSUPPORTED'))
    await expect(fetched(fetcher, path('c.txt'))).rejects.toThrow(refusal('LIMIT_EXCEEDED'))
  })
})

describe('a watched folder', () => {
  it('may hold the index itself, and loses documents whose files went while nobody watched', async () => {
    const index = new LocalDocumentIndex({
      folderPath: path('index'),
      embeddings: {
        maxTokens: 100,
        createEmbeddings: async (inputs) => ({ status: 'success', output: [inputs].flat().map(() => [1]) }),
      },
    })
    await index.createIndex()
    await writeFile(path('a.md'), 'text')
    await index.upsertDocument(path('gone.md'), 'a file that was')
    await index.upsertDocument('https://example.com/', 'a page')
    const watcher = new FolderWatcher({ index, paths: [folder], removeMissing: true })
    await watcher.start()
    expect(await watcher.sync()).toBe(0)
    await watcher.stop()
    expect((await index.listDocumentUris()).sort()).toEqual([path('a.md'), 'https://example.com/'])
  })
})

describe('pages', () => {
  it('are fetched from this machine only where that is allowed', async () => {
    const server = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<h1>Title</h1><a href="/b">b</a>'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await expect(fetched(new WebFetcher(), origin)).rejects.toThrow(refusal('INVALID_ARGUMENT'))
    await expect(fetched(new WebFetcher(), 'file:///etc/passwd')).rejects.toThrow(refusal('INVALID_ARGUMENT'))
    const pages = await fetched(new WebFetcher({ allowPrivateAddresses: true }), origin)
    expect(pages).toEqual([[origin, `# Title\n\n[b](${origin}/b)`, 'md']])
    server.close()
    server.closeAllConnections()
  })
})

describe('keywords', () => {
  it('are stems without stop words, with those marked that are denied', async () => {
    const terms = await loadKeywordTerms()
    expect(terms("I don't like complicated tokens! The flowers grow.")).toEqual(['!like', '!complic', '!token', 'flower', 'grow'])
  })

  it('are ranked by Okapi BM25, whose scores are rounded for each word', () => {
    const ranking = new KeywordRanking()
    ranking.add(7, ['a', 'b', 'a'])
    ranking.add(9, ['b'])
    // Of two documents, two words long on average, one has "a" (twice, in three words) and both have "b".
    const rare = (Math.log(1.5 / 1.5 + 1) * 2 * 2.2) / (1.2 * (0.25 + 0.75 * 1.5) + 2)
    const common = (length: number): number => (Math.log(0.5 / 2.5 + 1) * 2.2) / (1.2 * (0.25 + (0.75 * length) / 2) + 1)
    const rounded = (score: number): number => Math.round(score * 1e4) / 1e4
    expect(ranking.search(['a', 'b', 'z'], 10)).toEqual([
      [7, rounded(rare) + rounded(common(3))],
      [9, rounded(common(1))],
    ])
    expect(ranking.search(['b'], 1)).toEqual([[9, rounded(common(1))]])
    expect(new KeywordRanking().search(['a'], 10)).toEqual([])
  })
})

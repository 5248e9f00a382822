import type { Command } from 'commander'
import {
  FileFetcher,
  FolderWatcher,
  type LocalDocumentIndex,
  type LocalDocumentResult,
  type TextFetcher,
  WebFetcher,
} from 'quiverdb/vectra'
import { exitCodes, failureOf, notFound } from '../../failure.js'
import { interrupt } from '../../interrupt.js'
import { answer, remark } from '../../output.js'
import { counted } from '../../render/text.js'
import { nameList, wholeNumber } from '../../values.js'
import { type FolderOptions, namedUris, openFolder, withJson, withKeys } from './folder.js'

const chunkSizeMax = 8192

interface UriOptions extends FolderOptions {
  uri?: string[]
  list?: string
}

interface AddOptions extends UriOptions {
  cookie?: string
  allowPrivate?: boolean
}

interface QueryOptions extends FolderOptions {
  documentCount: number
  chunkCount: number
  sectionCount: number
  tokens: number
  format: 'sections' | 'stats' | 'chunks'
  overlap: boolean
  bm25?: boolean
}

interface WatchOptions extends UriOptions {
  extensions?: string[]
  debounce: number
}

export function defineDocumentCommands(group: Command): void {
  const size = wholeNumber(1, chunkSizeMax)
  const add = group
    .command('add')
    .description('add files, folders of files and web pages')
    .argument('<folder>', 'folder of the index')
  withUris(withKeys(withJson(add)))
    .option('-c, --cookie <text>', 'cookie for the requests')
    .option('--chunk-size <n>', 'tokens of a chunk, at most', size, 512)
    .option('--allow-private', 'fetch from this machine and private networks too')
    .action((folder: string, options: AddOptions) => addDocuments(folder, options))

  const remove = group.command('remove').description('remove documents').argument('<folder>', 'folder of the index')
  withUris(withJson(remove)).action((folder: string, options: UriOptions) => removeDocuments(folder, options))

  const query = group
    .command('query')
    .description('find documents')
    .argument('<folder>', 'folder of the index')
    .argument('<text>', 'what to look for')
  withKeys(withJson(query))
    .option('--document-count <n>', 'documents, at most', wholeNumber(1, 1000), 10)
    .option('--chunk-count <n>', 'chunks to find them by', wholeNumber(1, 10_000), 50)
    .option('--section-count <n>', 'sections of a document, at most', wholeNumber(1, 1000), 1)
    .option('-t, --tokens <n>', 'tokens of a section, at most', wholeNumber(1, 1_000_000), 2000)
    .option('-f, --format <name>', 'sections, stats or chunks', 'sections')
    .option('--no-overlap', 'do not fill sections up with the text around what was found')
    .option('-b, --bm25', 'look for the words too')
    .action((folder: string, text: string, options: QueryOptions) => queryDocuments(folder, text, options))

  const watch = group
    .command('watch')
    .description('keep an index as files are, until Ctrl-C')
    .argument('<folder>', 'folder of the index')
  withUris(withKeys(withJson(watch)))
    .option('-e, --extensions <a,b>', 'only files with these endings', nameList)
    .option('--chunk-size <n>', 'tokens of a chunk, at most', size, 512)
    .option('--debounce <ms>', 'how long a file must be left alone', wholeNumber(0, 3_600_000), 500)
    .action((folder: string, options: WatchOptions) => watchFiles(folder, options))
}

function withUris(command: Command): Command {
  return command
    .option('-u, --uri <uri...>', 'a file, a folder or an http(s) URL')
    .option('-l, --list <file>', 'a file that names one in each line')
}

async function addDocuments(folder: string, options: AddOptions): Promise<void> {
  const uris = await namedUris(options)
  const index = await openFolder(folder, options)
  const added: string[] = []
  const failed: { uri: string; code: string; message: string }[] = []
  const files = new FileFetcher({
    onSkip: (uri, reason) => failed.push({ uri, code: 'UNSUPPORTED', message: `${uri} is ${reason}` }),
  })
  const web = new WebFetcher({
    ...(options.cookie !== undefined && { headers: { Cookie: options.cookie } }),
    ...(options.allowPrivate && { allowPrivateAddresses: true }),
  })
  for (const uri of uris) {
    if (interrupt.aborted) break
    try {
      await addFrom(/^https?:/i.test(uri) ? web : files, uri, index, added, options)
    } catch (error) {
      const { code, message } = failureOf(error)
      failed.push({ uri, code, message })
    }
  }
  for (const { message } of failed) remark(options, `left out: ${message}`)
  answer(options, { added, failed }, () => `${counted(added.length, 'document')} added, ${failed.length} left out.`)
  if (failed.length > 0) process.exitCode = exitCodes.failed
}

async function addFrom(
  fetcher: TextFetcher,
  uri: string,
  index: LocalDocumentIndex,
  added: string[],
  options: AddOptions,
): Promise<void> {
  let found = false
  await fetcher.fetch(uri, async (one, text, docType) => {
    found = true
    await index.upsertDocument(one, text, docType)
    added.push(one)
    remark(options, `added ${one}`)
    return !interrupt.aborted
  })
  if (!found) throw notFound(`nothing to read at ${uri}`)
}

async function removeDocuments(folder: string, options: UriOptions): Promise<void> {
  const uris = await namedUris(options)
  const index = await openFolder(folder, options)
  const known = new Set(await index.listDocumentUris())
  const [removed, missing] = [uris.filter((uri) => known.has(uri)), uris.filter((uri) => !known.has(uri))]
  await index.beginUpdate()
  for (const uri of removed) await index.deleteDocument(uri)
  await index.endUpdate()
  answer(options, { removed, missing }, () => `${counted(removed.length, 'document')} removed.`)
  if (missing.length > 0) throw notFound(`no document ${missing.map((uri) => `"${uri}"`).join(', ')} in ${folder}`)
}

async function queryDocuments(folder: string, text: string, options: QueryOptions): Promise<void> {
  const index = await openFolder(folder, options)
  const found = await index.queryDocuments(text, {
    maxDocuments: options.documentCount,
    maxChunks: options.chunkCount,
    isBm25: options.bm25 ?? false,
  })
  const documents = await Promise.all(found.map((one) => describe(one, options)))
  answer(options, { documents }, () => (documents.length === 0 ? 'Nothing found.' : documents.map(textOf).join('\n\n')))
}

type Described = { uri: string; score: number; chunks: number; sections?: { text: string; score: number }[] }

async function describe(document: LocalDocumentResult, options: QueryOptions): Promise<Described> {
  const { uri, score, chunks } = document
  const facts = { uri, score, chunks: chunks.length }
  if (options.format === 'stats') return facts
  if (options.format === 'sections')
    return { ...facts, sections: await document.renderSections(options.tokens, options.sectionCount, options.overlap) }
  const whole = await document.loadText()
  const texts = chunks.map(({ item, score: one }) => ({
    text: whole.slice(item.metadata.startPos, item.metadata.endPos + 1),
    score: one,
  }))
  return { ...facts, sections: texts }
}

function textOf({ uri, score, chunks, sections = [] }: Described): string {
  const title = `${uri}  ${score.toFixed(3)}  ${counted(chunks, 'chunk')}`
  return [title, ...sections.map((section) => `--- ${section.score.toFixed(3)}\n${section.text.trim()}`)].join('\n')
}

async function watchFiles(folder: string, options: WatchOptions): Promise<void> {
  const paths = await namedUris(options)
  const index = await openFolder(folder, options)
  const { extensions, debounce } = options
  const watcher = new FolderWatcher({
    index,
    paths,
    debounceMs: debounce,
    removeMissing: true,
    ...(extensions && { extensions }),
  })
  const tell = (type: string, uri: string, more: Record<string, unknown> = {}): void =>
    answer(options, { type, uri, ...more }, () => [type.padEnd(8), uri, ...Object.values(more)].join(' '))
  watcher.on('sync', (uri, action) => tell(action, uri))
  watcher.on('skip', (uri, reason) => tell('skipped', uri, { reason }))
  watcher.on('error', (error, uri) => tell('failed', uri, { message: error.message }))
  await watcher.start()
  answer(
    options,
    { type: 'ready', files: watcher.trackedFileCount },
    () => `watching ${counted(watcher.trackedFileCount, 'file')}; Ctrl-C stops`,
  )
  if (!interrupt.aborted)
    await new Promise<void>((resolve) => interrupt.addEventListener('abort', () => resolve(), { once: true }))
  await watcher.stop()
}

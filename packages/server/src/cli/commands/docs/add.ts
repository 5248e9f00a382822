import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { type DocumentInput, type DocumentProgress, type Documents, open, QuiverError } from 'quiverdb'
import { folderFiles } from 'quiverdb/documents'
import { CommandError, exitCodes } from '../../failure.js'
import { interrupt } from '../../interrupt.js'
import { answer, remark } from '../../output.js'
import { Progress } from '../../render/progress.js'
import { counted } from '../../render/text.js'
import { waitUntilSettled } from '../../settle.js'
import { jsonObject, nameList, wholeNumber } from '../../values.js'
import { type DocsOptions, openDocs, withDocsOptions } from './docs-options.js'

/** Documents of one commit: an import that is stopped loses no more than these. */
const documentsPerWrite = 32

interface AddOptions extends DocsOptions {
  metadata?: Record<string, unknown>
  ext?: string[]
  chunkTokens?: number
  allowPrivate?: boolean
  force?: boolean
  wait: boolean
}

/** A document to add, and whether it was named itself or only the folder that it is in. */
interface Wanted {
  readonly input: DocumentInput
  readonly isNamed: boolean
}

interface Counts {
  added: number
  updated: number
  unchanged: number
  chunks: number
  skipped: { path: string; code: string; message: string }[]
}

export function defineDocsAdd(group: Command): void {
  const command = group
    .command('add')
    .description('store files, folders of files and web pages; those that are known are brought up to date')
    .argument('<path-or-url...>', 'files, folders and http(s) URLs')
  withDocsOptions(command)
    .option('--metadata <json>', 'fields to filter by, for all of them', jsonObject)
    .option('--ext <a,b>', 'of folders, only files with these endings', nameList)
    .option('--chunk-tokens <n>', 'tokens of a chunk, at most (default: 512)', wholeNumber(16, 8_192))
    .option('--allow-private', 'fetch from this machine and private networks too')
    .option('--force', 'embed again what has not changed')
    .option('--no-wait', 'do not wait for the index; searches scan what it lacks')
    .action((sources: string[], options: AddOptions) => add(sources, options))
}

async function add(sources: readonly string[], options: AddOptions): Promise<void> {
  // Everything is looked for before the database is opened: a misspelt name leaves no empty one behind.
  const wanted = (await Promise.all(sources.map((source) => wantedOf(source, options)))).flat()
  const db = await open(options.db)
  try {
    const namespace = await db.namespace(options.namespace)
    const { chunkTokens, allowPrivate } = options
    const { documents } = await openDocs(namespace, options, {
      ...(chunkTokens !== undefined && { chunkTokens }),
      ...(allowPrivate && { fetch: { allowPrivateAddresses: true } }),
    })
    const counts = await addAll(documents, wanted, options)
    for (const { path, message } of counts.skipped) remark(options, `Left out ${path}: ${message}`)
    const ready = options.wait ? await waitUntilSettled(namespace, options) : false
    const version = await namespace.version()
    answer(options, { collection: options.collection, ...counts, version, ready }, () =>
      summary(options.collection, counts, version),
    )
  } finally {
    await db.close()
  }
}

async function wantedOf(source: string, { metadata, ext }: AddOptions): Promise<Wanted[]> {
  const shared = metadata ? { metadata } : {}
  if (/^https?:\/\//i.test(source)) return [{ input: { url: source, ...shared }, isNamed: true }]
  if (!(await stat(source)).isDirectory()) return [{ input: { file: source, ...shared }, isNamed: true }]
  const files = await folderFiles(source, { ...(ext && { extensions: ext }) })
  return files.map((file) => ({ input: { file, ...shared }, isNamed: false }))
}

async function addAll(documents: Documents, wanted: readonly Wanted[], options: AddOptions): Promise<Counts> {
  const counts: Counts = { added: 0, updated: 0, unchanged: 0, chunks: 0, skipped: [] }
  const progress = new Progress('Documents', options)
  try {
    for (let at = 0; at < wanted.length; at += documentsPerWrite) {
      if (interrupt.aborted) throw interrupted(counts)
      const onProgress = (step: DocumentProgress): void => progress.update(at, wanted.length, noteOf(step))
      await addSome(documents, wanted.slice(at, at + documentsPerWrite), counts, { force: options.force ?? false, onProgress })
      progress.update(Math.min(wanted.length, at + documentsPerWrite), wanted.length)
    }
    return counts
  } catch (error) {
    if (error instanceof QuiverError && error.code === 'ABORTED') throw interrupted(counts)
    throw error
  } finally {
    progress.stop()
  }
}

/** Where some fail together they are tried one by one: of a folder, a picture among the texts is left out. */
async function addSome(
  documents: Documents,
  wanted: readonly Wanted[],
  counts: Counts,
  how: { force: boolean; onProgress: (progress: DocumentProgress) => void },
): Promise<void> {
  try {
    const written = await documents.upsert(
      wanted.map(({ input }) => input),
      { ...how, signal: interrupt },
    )
    for (const { status, chunks } of written.documents) {
      counts[status]++
      counts.chunks += chunks
    }
  } catch (error) {
    const isOne = wanted.length === 1
    const isAboutOne = error instanceof QuiverError && aboutOne.includes(error.code)
    if (!isAboutOne || (isOne && wanted[0]!.isNamed)) throw error
    if (isOne) counts.skipped.push({ path: wanted[0]!.input.file!, code: error.code, message: error.message })
    else for (const one of wanted) await addSome(documents, [one], counts, how)
  }
}

/** What is wrong with one document, not with the embedder or the database. */
const aboutOne: readonly string[] = [
  'FETCH_FAILED',
  'INVALID_DOCUMENT',
  'INVALID_ID',
  'LIMIT_EXCEEDED',
  'NOT_FOUND',
  'STORAGE_FAILED',
  'TIMEOUT',
]

function interrupted({ added, updated }: Counts): CommandError {
  return new CommandError({
    code: 'ABORTED',
    message: `interrupted; ${counted(added + updated, 'document')} stored before`,
    hint: 'Run the same command again: what is stored is not embedded again.',
    exitCode: exitCodes.interrupted,
    details: { stored: added + updated },
  })
}

function noteOf({ phase, done, total }: DocumentProgress): string {
  return phase === 'embedding' ? `embedding ${done} of ${counted(total, 'chunk')}` : phase
}

function summary(collection: string, { added, updated, unchanged, skipped, chunks }: Counts, version: string): string {
  const parts = [
    `${added} added`,
    `${updated} updated`,
    `${unchanged} unchanged`,
    ...(skipped.length ? [`${skipped.length} left out`] : []),
  ]
  return `Documents of "${collection}": ${parts.join(', ')}; ${counted(chunks, 'chunk')}, version ${version}.`
}

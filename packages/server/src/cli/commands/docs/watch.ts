import type { Command } from 'commander'
import { open } from 'quiverdb'
import { type FolderEvent, watchFolder } from 'quiverdb/documents'
import { interrupt } from '../../interrupt.js'
import { answer, remark } from '../../output.js'
import { counted } from '../../render/text.js'
import { jsonObject, nameList } from '../../values.js'
import { type DocsOptions, openDocs, withDocsOptions } from './docs-options.js'

interface WatchCommandOptions extends DocsOptions {
  metadata?: Record<string, unknown>
  ext?: string[]
  keepMissing?: boolean
}

export function defineDocsWatch(group: Command): void {
  const command = group
    .command('watch')
    .description('keep the documents of a folder as its files are, until Ctrl-C')
    .argument('<folder>', 'folder with text files')
  withDocsOptions(command)
    .option('--metadata <json>', 'fields to filter by, for all of them', jsonObject)
    .option('--ext <a,b>', 'only files with these endings', nameList)
    .option('--keep-missing', 'keep documents whose files are gone')
    .action((folder: string, options: WatchCommandOptions) => watch(folder, options))
}

async function watch(folder: string, options: WatchCommandOptions): Promise<void> {
  const { metadata, ext, keepMissing = false } = options
  const db = await open(options.db)
  try {
    const { documents } = await openDocs(await db.namespace(options.namespace), options)
    const folderWatch = await watchFolder(documents, folder, {
      ...(ext && { extensions: ext }),
      ...(metadata && { metadata: () => metadata }),
      removeMissing: !keepMissing,
      signal: interrupt,
      onEvent: (event) => tell(options, event),
    })
    await untilInterrupted()
    await folderWatch.stop()
    remark(options, `Stopped. ${counted(await documents.count(), 'document')} in "${options.collection}".`)
  } finally {
    await db.close()
  }
}

/** For programs each event is a line of JSON. */
function tell(options: WatchCommandOptions, event: FolderEvent): void {
  if (event.type === 'unchanged' && !options.json) return
  if (event.type !== 'error') return answer(options, event, () => textOf(event))
  const { code, message } = event.error as { code?: string; message: string }
  const facts = { type: event.type, ...(event.uri !== undefined && { uri: event.uri }), error: { code, message } }
  answer(options, facts, () => `left out   ${event.uri ?? ''} ${message}`)
}

function textOf(event: Exclude<FolderEvent, { type: 'error' }>): string {
  if (event.type === 'ready') return `watching   ${counted(event.files, 'file')}; Ctrl-C stops`
  return `${event.type.padEnd(10)} ${event.uri}`
}

function untilInterrupted(): Promise<void> {
  // A signal alone keeps no process alive; the watcher may have nothing that does.
  const alive = setInterval(() => undefined, 60_000)
  return new Promise<void>((resolve) => {
    if (interrupt.aborted) resolve()
    interrupt.addEventListener('abort', () => resolve(), { once: true })
  }).finally(() => clearInterval(alive))
}

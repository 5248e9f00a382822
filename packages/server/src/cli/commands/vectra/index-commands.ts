import { type Command, Option } from 'commander'
import { LocalDocumentIndex, LocalFileStorage, migrateIndex } from 'quiverdb/vectra'
import { CommandError, exitCodes } from '../../failure.js'
import { answer } from '../../output.js'
import { counted } from '../../render/text.js'
import { codecs, type FolderOptions, formatOption, type FormatOption, openFolder, withJson } from './folder.js'

interface CreateOptions extends FolderOptions {
  format: FormatOption
  indexed?: string
  force?: boolean
}

export function defineIndexCommands(group: Command): void {
  const create = group.command('create').description('make an empty index of documents').argument('<folder>', 'folder for it')
  withJson(create)
    .addOption(formatOption('--format <name>').default('json'))
    .option('--indexed <a,b>', 'only these metadata in the index file, the rest beside it (default: all)')
    .option('--force', 'delete the folder first, with all that is in it')
    .action((folder: string, options: CreateOptions) => createFolder(folder, options))

  const remove = group.command('delete').description('delete an index, with its folder').argument('<folder>', 'its folder')
  withJson(remove).action((folder: string, options: FolderOptions) => deleteFolder(folder, options))

  const stats = group
    .command('stats')
    .description('count the documents and chunks of an index')
    .argument('<folder>', 'its folder')
  withJson(stats).action((folder: string, options: FolderOptions) => showStats(folder, options))

  const migrate = group.command('migrate').description('write an index in another format').argument('<folder>', 'its folder')
  withJson(migrate)
    .addOption(new Option('--to <name>', 'format').choices(Object.keys(codecs)).makeOptionMandatory())
    .action((folder: string, options: FolderOptions & { to: FormatOption }) => migrateFolder(folder, options))
}

async function createFolder(folder: string, { format, indexed, force, ...options }: CreateOptions): Promise<void> {
  const index = new LocalDocumentIndex({ folderPath: folder, codec: new codecs[format]() })
  const storage = new LocalFileStorage()
  if (!force && (await storage.pathExists(folder)) && (await storage.listFiles(folder)).length > 0) throw notEmpty(folder)
  if (force && (await storage.pathExists(folder))) await storage.deleteFolder(folder)
  const fields = indexed?.split(',').map((name) => name.trim())
  await index.createIndex({ version: 1, ...(fields && { metadata_config: { indexed: fields } }) })
  answer(options, { folder, format }, () => `Folder "${folder}": an empty index, in ${format}.`)
}

async function deleteFolder(folder: string, options: FolderOptions): Promise<void> {
  // Only what is an index is deleted.
  const index = await openFolder(folder, options)
  await index.deleteIndex()
  answer(options, { folder }, () => `Folder "${folder}" is deleted.`)
}

async function showStats(folder: string, options: FolderOptions): Promise<void> {
  const stats = await (await openFolder(folder, options)).getCatalogStats()
  const { indexed } = stats.metadata_config
  answer(options, { folder, ...stats }, () =>
    [
      `Folder "${folder}": ${counted(stats.documents, 'document')}, ${counted(stats.chunks, 'chunk')}`,
      `indexed metadata: ${indexed?.length ? indexed.join(', ') : 'all'}`,
    ].join('\n'),
  )
}

async function migrateFolder(folder: string, { to, ...options }: FolderOptions & { to: FormatOption }): Promise<void> {
  await migrateIndex(folder, { to })
  answer(options, { folder, format: to }, () => `Folder "${folder}" is now in ${to}.`)
}

const notEmpty = (folder: string): CommandError =>
  new CommandError({
    code: 'ALREADY_EXISTS',
    message: `the folder ${folder} is not empty`,
    hint: 'Name another folder; --force deletes this one first, with all that is in it.',
    exitCode: exitCodes.failed,
  })

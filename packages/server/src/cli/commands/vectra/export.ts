import { type Command, Option } from 'commander'
import { JsonCodec, LocalFileStorage, LocalIndex, type ItemInput, ProtobufCodec } from 'quiverdb/vectra'
import { CommandError, exitCodes } from '../../failure.js'
import { answer, remark } from '../../output.js'
import { counted } from '../../render/text.js'
import {
  collectionOf,
  type CollectionOptions,
  type ReadableCollection,
  withNamespace,
  withNamespaceOptions,
} from '../../session.js'
import { isNumbers, nameList } from '../../values.js'

const pageRecords = 1000

interface VectraExportOptions extends CollectionOptions {
  field: string
  indexed?: string[]
  format: 'json' | 'protobuf'
}

export function defineVectraExport(group: Command): void {
  const command = group
    .command('export')
    .description('write the records of a collection into a new folder of Vectra, in the order of their ids')
  withNamespaceOptions(command.argument('<folder>', 'folder to make the index in'))
    .option('--collection <name>', 'collection (default: the only one)')
    .option('--at <version>', 'as it was at this version')
    .option('--field <name>', 'field with the vector; the other fields become metadata', 'embedding')
    .option('--indexed <a,b>', 'only these metadata in the index file, the rest beside it (default: all)', nameList)
    .addOption(new Option('--format <name>', 'format of the files').choices(['json', 'protobuf']).default('json'))
    .action((folder: string, options: VectraExportOptions) => exportFolder(folder, options))
}

function exportFolder(folder: string, options: VectraExportOptions): Promise<void> {
  return withNamespace(options, async (namespace) => {
    const { read } = await collectionOf(namespace, options)
    const codec = options.format === 'json' ? new JsonCodec() : new ProtobufCodec()
    const index = new LocalIndex(folder, undefined, new LocalFileStorage(), codec)
    if (await index.isIndexCreated()) throw exists(folder)
    const { items, without } = await itemsOf(read, options.field)
    await index.createIndex({ version: 1, metadata_config: options.indexed ? { indexed: options.indexed } : {} })
    await index.batchInsertItems(items)
    if (without > 0) remark(options, `${counted(without, 'record')} without "${options.field}": left out.`)
    const summary = { folder, items: items.length, withoutVector: without }
    answer(options, summary, () => `Folder "${folder}": ${counted(items.length, 'item')} written.`)
  })
}

async function itemsOf(collection: ReadableCollection, field: string): Promise<{ items: ItemInput[]; without: number }> {
  const items: ItemInput[] = []
  let without = 0
  for (let after: string | undefined; ;) {
    const page = await collection.list({ limit: pageRecords, after })
    for (const { id, [field]: vector, ...metadata } of page.records) {
      if (isNumbers(vector)) items.push({ id, vector, metadata: metadata as ItemInput['metadata'] })
      else without++
    }
    if ((after = page.next) === undefined) return { items, without }
  }
}

const exists = (folder: string): CommandError =>
  new CommandError({
    code: 'ALREADY_EXISTS',
    message: `there is an index in ${folder} already`,
    hint: 'Name another folder, or delete that one first.',
    exitCode: exitCodes.failed,
  })

import type { Command } from 'commander'
import { open } from 'quiverdb'
import { detectCodec, type IndexItem, LocalFileStorage, LocalIndex, pathUtils } from 'quiverdb/vectra'
import { finishImport } from '../../finish-import.js'
import { type Row, RowError } from '../../importers/row-reader.js'
import { RowWriter } from '../../row-writer.js'
import { type NamespaceOptions, withNamespaceOptions } from '../../session.js'
import { targetCollection } from '../../target-collection.js'
import { wholeNumber } from '../../values.js'

const batchMax = 100_000
const unit = 'record'

interface VectraImportOptions extends NamespaceOptions {
  collection: string
  field: string
  batch: number
  wait: boolean
  message?: string
}

export function defineVectraImport(group: Command): void {
  const command = group
    .command('import')
    .description(
      'store the items of a folder of Vectra: metadata become fields, the vector a field of its own; the folder stays as it is',
    )
  withNamespaceOptions(command.argument('<folder>', 'folder with index.json or index.pb'))
    .requiredOption('--collection <name>', 'collection to store them in')
    .option('--field <name>', 'field that gets the vector', 'embedding')
    .option('--batch <n>', 'records written at once, all or none', wholeNumber(1, batchMax), 1000)
    .option('--no-wait', 'do not wait for the index; searches scan what it lacks')
    .option('--message <text>', 'name the version that holds all of the folder')
    .action((folder: string, options: VectraImportOptions) => importFolder(folder, options))
}

async function importFolder(folder: string, options: VectraImportOptions): Promise<void> {
  const storage = new LocalFileStorage()
  const index = new LocalIndex(folder, undefined, storage, await detectCodec(folder, storage))
  const items = await index.listItems()
  const dimensions = items.find(({ vector }) => vector.length)?.vector.length
  if (dimensions === undefined) throw new RowError(folder, '', 'holds no items with vectors')

  const db = await open(options.db)
  try {
    const namespace = await db.namespace(options.namespace)
    const { collection, rule } = await targetCollection(
      namespace,
      { path: folder, unit, dimensions },
      { ...options, metric: 'cosine', zeroVectors: 'keep' },
    )
    const source = { path: folder, bytesRead: 0, sizeBytes: items.length }
    const rows = rowsOf(index, items, options.field, (read) => (source.bytesRead = read))
    const stored = await new RowWriter(collection, { source, rule, unit }, options).writeAll(rows)
    await finishImport(namespace, stored, rule, options)
  } finally {
    await db.close()
  }
}

async function* rowsOf(
  index: LocalIndex,
  items: readonly IndexItem[],
  field: string,
  onRead: (count: number) => void,
): AsyncGenerator<Row, void, undefined> {
  for (const [i, item] of items.entries()) {
    const metadata = await allMetadata(index, item)
    const reserved = ['id', '$vectors', field].find((name) => Object.hasOwn(metadata, name))
    if (reserved !== undefined) {
      const hint =
        reserved === field
          ? 'Choose another name for the vector with --field.'
          : 'That name is reserved. Rename it in the folder first.'
      throw new RowError(index.folderPath, `${unit} ${i + 1}`, `has metadata named "${reserved}"`, hint)
    }
    // An empty vector is none.
    const vector = item.vector.length ? { [field]: item.vector } : {}
    yield { at: i + 1, record: { id: String(item.id), ...metadata, ...vector } }
    onRead(i + 1)
  }
}

async function allMetadata({ folderPath, storage, codec }: LocalIndex, item: IndexItem): Promise<Record<string, unknown>> {
  if (item.metadataFile === undefined) return item.metadata
  return codec.deserializeMetadata(await storage.readFile(pathUtils.join(folderPath, item.metadataFile)))
}

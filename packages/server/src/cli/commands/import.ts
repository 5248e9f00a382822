import { type Command, Option } from 'commander'
import { type Metric, open } from 'quiverdb'
import { finishImport } from '../finish-import.js'
import { openRows } from '../importers/open.js'
import { type Row, RowError } from '../importers/row-reader.js'
import { dimensionsOf } from '../importers/vector-rule.js'
import { RowWriter } from '../row-writer.js'
import { type NamespaceOptions, withNamespaceOptions } from '../session.js'
import { targetCollection } from '../target-collection.js'
import { wholeNumber } from '../values.js'

const batchMax = 100_000

interface ImportOptions extends NamespaceOptions {
  collection: string
  field: string
  id?: string
  metric?: Metric
  batch: number
  textColumns?: boolean
  wait: boolean
  message?: string
}

export function defineImport(program: Command): void {
  const command = program
    .command('import')
    .description('store the records of a file; makes the database and the collection when they are not there')
  withNamespaceOptions(command.argument('<file>', '.jsonl, .json, .csv, .tsv, .npy or .fvecs, each also with .gz behind'))
    .requiredOption('--collection <name>', 'collection to store them in')
    .option('--field <name>', 'field with the vector; where rows have no names, the name it gets', 'embedding')
    .option('--id <name>', 'field with the id (default: id); for .npy and .fvecs, text before the row number')
    .addOption(new Option('--metric <name>', 'distance of a new index (default: cosine)').choices(['cosine', 'l2', 'dot']))
    .option('--batch <n>', 'records written at once, all or none', wholeNumber(1, batchMax), 1000)
    .option('--text-columns', 'CSV: keep numbers, true and false as text')
    .option('--no-wait', 'do not wait for the index; searches scan what it lacks')
    .option('--message <text>', 'name the version that holds all of the file')
    .action((file: string, options: ImportOptions) => importFile(file, options))
}

async function importFile(file: string, options: ImportOptions): Promise<void> {
  const { reader, source } = await openRows(file, options)
  const rows = reader[Symbol.asyncIterator]()
  // The first row is read before the database is opened: a file that cannot be read leaves no empty database behind.
  const first = await rows.next()
  if (first.done) throw new RowError(file, '', 'holds no records')
  const dimensions = dimensionsOf(first.value, file, options.field, reader.unit)

  const db = await open(options.db)
  try {
    const namespace = await db.namespace(options.namespace)
    const { collection, rule } = await targetCollection(namespace, { path: file, unit: reader.unit, dimensions }, options)
    const stored = await new RowWriter(collection, { source, rule, unit: reader.unit }, options).writeAll(
      withFirst(first.value, rows),
    )
    await finishImport(namespace, stored, rule, options)
  } finally {
    await db.close()
  }
}

async function* withFirst(first: Row, rest: AsyncIterator<Row>): AsyncGenerator<Row, void, undefined> {
  yield first
  try {
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

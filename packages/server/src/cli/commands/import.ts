import { type Command, Option } from 'commander'
import { basename } from 'node:path'
import { type Collection, type Metric, type Namespace, open, QuiverError } from 'quiverdb'
import { CommandError, exitCodes, failureOf } from '../failure.js'
import { openRows } from '../importers/open.js'
import { type Row, RowError, type RowReader } from '../importers/row-reader.js'
import type { ByteSource } from '../importers/source.js'
import { dimensionsOf, VectorRule } from '../importers/vector-rule.js'
import { interrupt } from '../interrupt.js'
import { answer, remark } from '../output.js'
import { Progress } from '../render/progress.js'
import { count, counted, duration } from '../render/text.js'
import { waitUntilSettled } from '../settle.js'
import { type NamespaceOptions, withNamespaceOptions } from '../session.js'
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

/** What was acknowledged so far. */
interface Stored {
  records: number
  version: string | undefined
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
    const { collection, rule } = await prepare(namespace, { path: file, unit: reader.unit, dimensions }, options)
    const stored = await storeAll(collection, withFirst(first.value, rows), { source, rule, unit: reader.unit }, options)
    const version = options.message === undefined ? stored.version : await namespace.commit(options.message)
    if (rule.without > 0)
      remark(options, `${counted(rule.without, 'record')} without "${options.field}": stored, but no vector search finds them.`)
    const ready = options.wait ? await waitUntilSettled(namespace, options) : false
    const summary = { collection: options.collection, records: stored.records, withoutVector: rule.without, version, ready }
    answer(
      options,
      summary,
      () => `Collection "${options.collection}": ${counted(stored.records, 'record')} stored, version ${version}.`,
    )
  } finally {
    await db.close()
  }
}

/** Opens or makes the collection, with an index on the vector field. */
async function prepare(
  namespace: Namespace,
  file: { path: string; unit: RowReader['unit']; dimensions: number },
  options: ImportOptions,
) {
  const exists = (await namespace.collections()).includes(options.collection)
  const existing = exists
    ? (await (await namespace.collection(options.collection)).indexes()).find((index) => index.field === options.field)
    : undefined
  const wanted = {
    field: options.field,
    dimensions: existing?.dimensions ?? file.dimensions,
    metric: options.metric ?? existing?.metric ?? 'cosine',
  }
  const collection = await namespace.collection(options.collection, {
    indexes: options.metric === undefined && existing !== undefined ? [] : [wanted],
  })
  const zeroVectors = existing?.zeroVectors ?? (wanted.metric === 'cosine' ? 'refuse' : 'keep')
  return { collection, rule: new VectorRule({ ...file, field: options.field, dimensions: wanted.dimensions, zeroVectors }) }
}

async function* withFirst(first: Row, rest: AsyncIterator<Row>): AsyncGenerator<Row, void, undefined> {
  yield first
  try {
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function storeAll(
  collection: Collection,
  rows: AsyncIterable<Row>,
  { source, rule, unit }: { source: ByteSource; rule: VectorRule; unit: RowReader['unit'] },
  options: ImportOptions,
): Promise<Stored> {
  const stored: Stored = { records: 0, version: undefined }
  const progress = new Progress('Importing', options)
  let batch: Row[] = []
  const send = async () => {
    stored.version = (await upsert(collection, batch, source.path, unit)).version
    stored.records += batch.length
    batch = []
    const rate = stored.records / Math.max(0.001, progress.elapsedMs / 1000)
    progress.update(source.bytesRead, source.sizeBytes, `${count(stored.records)} records, ${count(Math.round(rate))}/s`)
  }
  try {
    for await (const row of rows) {
      if (interrupt.aborted) throw new CommandError({ code: 'ABORTED', message: 'interrupted', exitCode: exitCodes.interrupted })
      rule.check(row)
      batch.push(row)
      if (batch.length === options.batch) await send()
    }
    if (batch.length > 0) await send()
  } catch (error) {
    progress.stop()
    throw stoppedAfter(stored, error)
  }
  progress.stop()
  remark(options, `${counted(stored.records, 'record')} imported in ${duration(progress.elapsedMs)}.`)
  return stored
}

async function upsert(collection: Collection, batch: readonly Row[], path: string, unit: RowReader['unit']) {
  try {
    return await collection.upsert(batch.map((row) => row.record))
  } catch (error) {
    const failure = failureOf(error)
    const row = error instanceof QuiverError ? refusedRow(batch, error) : undefined
    const place = row === undefined ? `${unit}s ${batch[0]!.at} to ${batch.at(-1)!.at}` : `${unit} ${row.at}`
    throw new CommandError({ ...failure, message: `${basename(path)}, ${place}: ${failure.message}` })
  }
}

/** The row that the database names in its refusal. */
function refusedRow(batch: readonly Row[], { details }: QuiverError): Row | undefined {
  const { id, position } = details
  if (typeof id === 'string') return batch.find(({ record }) => record['id'] === id)
  return typeof position === 'number' ? batch[position] : undefined
}

/** Says what stays: each batch was written whole or not at all. */
function stoppedAfter(stored: Stored, error: unknown): CommandError {
  const failure = failureOf(error)
  const stays =
    stored.records === 0
      ? 'Nothing was stored.'
      : `${counted(stored.records, 'record')} before it ${stored.records === 1 ? 'is' : 'are'} stored, up to version ${stored.version}.`
  return new CommandError({
    ...failure,
    hint: failure.hint === undefined ? stays : `${failure.hint} ${stays}`,
    details: { ...failure.details, stored: stored.records, version: stored.version },
  })
}

import { basename } from 'node:path'
import { CsvReader } from './csv.js'
import { FvecsReader } from './fvecs.js'
import { JsonArrayReader } from './json-array.js'
import { JsonlReader } from './jsonl.js'
import { NpyReader } from './npy.js'
import { type ReadRowsOptions, RowError, type RowReader } from './row-reader.js'
import { ByteSource } from './source.js'

const readers: Record<string, new (source: ByteSource, options: ReadRowsOptions) => RowReader> = {
  csv: CsvReader,
  fvecs: FvecsReader,
  json: JsonArrayReader,
  jsonl: JsonlReader,
  ndjson: JsonlReader,
  npy: NpyReader,
  tsv: CsvReader,
}

/** The reader that the name of the file asks for, and the bytes behind it. @throws RowError for other names. */
export async function openRows(path: string, options: ReadRowsOptions): Promise<{ reader: RowReader; source: ByteSource }> {
  const extension = /\.([a-z]+)(\.gz)?$/.exec(basename(path).toLowerCase())?.[1] ?? ''
  const Reader = readers[extension]
  if (Reader === undefined) {
    throw new RowError(
      path,
      '',
      'its name does not tell the format',
      'Formats: .jsonl, .json, .csv, .tsv, .npy, .fvecs, each also with .gz behind.',
    )
  }
  const source = await ByteSource.open(path)
  return { reader: new Reader(source, options), source }
}

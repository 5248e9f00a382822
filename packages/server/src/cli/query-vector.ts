import type { VectorInput } from 'quiverdb'
import { notFound, usageError } from './failure.js'
import { vectorOf } from './importers/csv.js'
import { openRows } from './importers/open.js'
import type { OpenCollection } from './session.js'
import { isNumbers, valueAt } from './values.js'

export interface QueryVectorOptions {
  vector?: string
  vectorFile?: string
  like?: string
  field?: string
}

/** The vector that a search is for. @throws CommandError, RowError */
export async function queryVector(collection: OpenCollection, options: QueryVectorOptions): Promise<VectorInput> {
  const given = [options.vector, options.vectorFile, options.like].filter((option) => option !== undefined)
  if (given.length !== 1)
    throw usageError(
      'what to search for? Give one of --vector, --vector-file and --like',
      "Such as --like p1, or --vector '[0.1, 0.2, 0.3]'.",
    )
  if (options.vector !== undefined) return vectorOf(options.vector, (message) => refuseVector(message))
  if (options.vectorFile !== undefined) return vectorInFile(options.vectorFile)
  return vectorOfRecord(collection, options.like!, options.field)
}

function refuseVector(message: string): never {
  throw usageError(`--vector ${message}`, "A vector is written like '[0.1, 0.2, 0.3]'.")
}

/** `queries.npy:17` is row 17; without a number, row 0. */
async function vectorInFile(given: string): Promise<VectorInput> {
  const [, path = given, row = '0'] = /^(.*?)(?::(\d+))?$/s.exec(given) ?? []
  const { reader } = await openRows(path, { field: 'vector' })
  if (reader.unit !== 'row')
    throw usageError(`${path} holds records, not plain vectors`, '--vector-file reads .npy and .fvecs, also with .gz behind.')
  for await (const { at, record } of reader) if (at === Number(row)) return record['vector'] as VectorInput
  throw notFound(`${path} has no row ${row}`, 'Rows are counted from 0.')
}

async function vectorOfRecord({ live, read }: OpenCollection, id: string, field: string | undefined): Promise<VectorInput> {
  const record = await read.get(id, { vectors: true })
  if (record === null) throw notFound(`there is no record "${id}"`)
  const indexes = await live.indexes()
  const index =
    field === undefined && indexes.length === 1 ? indexes[0]! : indexes.find((one) => one.field === field || one.name === field)
  if (index === undefined) {
    const names = indexes.map((one) => one.field).join(', ')
    if (field !== undefined) throw notFound(`there is no index on "${field}"`, `Its indexes: ${names}.`)
    throw usageError('which vector of the record? Name it with --field', `Its indexes: ${names}.`)
  }
  const vector = index.source === 'external' ? valueAt(record, '$vectors')?.[index.name as never] : valueAt(record, index.field)
  if (!isNumbers(vector)) throw notFound(`record "${id}" has no vector in "${index.field}"`)
  return vector
}

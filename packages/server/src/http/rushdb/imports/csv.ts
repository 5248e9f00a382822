import Papa from 'papaparse'
import { type Static, Type } from 'typebox'
import { badRequest } from '../problem.js'

const optional = Type.Optional

/** What Papa Parse may be told; the rest of its options are functions, or for files. */
export const csvOptions = Type.Object({
  delimiter: optional(Type.String()),
  newline: optional(Type.Union([Type.Literal('\r'), Type.Literal('\n'), Type.Literal('\r\n')])),
  quoteChar: optional(Type.String({ minLength: 1, maxLength: 1 })),
  escapeChar: optional(Type.String({ minLength: 1, maxLength: 1 })),
  comments: optional(Type.String()),
  header: optional(Type.Boolean()),
  dynamicTyping: optional(Type.Union([Type.Boolean(), Type.Record(Type.String(), Type.Boolean())])),
  preview: optional(Type.Integer({ minimum: 0 })),
  skipEmptyLines: optional(Type.Union([Type.Boolean(), Type.Literal('greedy')])),
})
type CsvOptions = Static<typeof csvOptions>

export type CsvRow = Readonly<Record<string, unknown>>

/**
 * The rows of a table, by cleaned names of its columns.
 * @param typed whether cells that are numbers, booleans and dates become such
 * @throws RushProblem 400
 */
export function csvRows(text: string, options: CsvOptions, typed: boolean): CsvRow[] {
  const names = new ColumnNames()
  const { data, errors } = Papa.parse<CsvRow | readonly unknown[]>(text, {
    delimiter: ',',
    header: true,
    skipEmptyLines: true,
    dynamicTyping: typed,
    ...known(options),
    transformHeader: (header, column) => names.nameOf(header, column),
  })
  const [error] = errors
  if (error) throw badRequest(`CSV import failed: ${error.message}${error.row === undefined ? '' : ` (row ${error.row + 1})`}`)
  return data.map((row) => rowOf(row, names))
}

/** Only what is declared: other keys could be functions that no JSON holds, or sources of data. */
function known(options: CsvOptions): CsvOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in csvOptions.properties))
}

function rowOf(row: CsvRow | readonly unknown[], names: ColumnNames): CsvRow {
  const cells = Array.isArray(row) ? row.map((cell, column) => [names.nameOf('', column), cell] as const) : Object.entries(row)
  return Object.fromEntries(cells.map(([name, cell]) => [name, cell instanceof Date ? cell.toISOString() : (cell as unknown)]))
}

/** Headers as names of properties: without spaces, beginning with a letter or `_`, each once. */
class ColumnNames {
  readonly #names: string[] = []
  readonly #taken = new Set<string>()

  nameOf(header: string, column: number): string {
    return (this.#names[column] ??= this.#free(cleaned(header) || `column_${column + 1}`))
  }

  #free(name: string): string {
    let free = name
    for (let n = 2; this.#taken.has(free); n++) free = `${name}_${n}`
    this.#taken.add(free)
    return free
  }
}

function cleaned(header: string): string {
  const name = header.trim().replaceAll(/\s+/g, '_')
  return name === '' || /^\p{L}/u.test(name) ? name : `_${name}`
}

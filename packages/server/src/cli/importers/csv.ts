import { CsvError, type Info, parse } from 'csv-parse'
import { pipeline, Readable } from 'node:stream'
import { identified, type ReadRowsOptions, RowError, type Row, type RowReader } from './row-reader.js'
import type { ByteSource } from './source.js'

const recordCharactersMax = 64 * 1024 * 1024
const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/**
 * Comma separated (tab separated where the name says .tsv), with a header. The vector column holds a JSON array or numbers
 * between spaces, semicolons or commas. In the others, what reads like a JSON number, `true` or `false` becomes one, an empty cell
 * becomes no field; leading zeros and integers beyond 2^53 stay text, because a number would not give them back.
 */
export class CsvReader implements RowReader {
  readonly unit = 'line'
  readonly #source: ByteSource
  readonly #options: ReadRowsOptions

  constructor(source: ByteSource, options: ReadRowsOptions) {
    this.#source = source
    this.#options = options
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    const parser = parse({
      bom: true,
      columns: (header: string[]) => this.#columns(header),
      delimiter: /\.tsv(\.gz)?$/i.test(this.#source.path) ? '\t' : ',',
      info: true,
      max_record_size: recordCharactersMax,
      skip_empty_lines: true,
    })
    // The callback is where pipeline reports; the loop below sees the same error.
    const rows = pipeline(Readable.from(this.#source.chunks()), parser, () => {})
    try {
      for await (const { info, record } of rows as AsyncIterable<{ info: Info; record: Record<string, string> }>) {
        yield { at: info.lines, record: this.#record(record, info.lines) }
      }
    } catch (error) {
      throw this.#explained(error)
    }
  }

  #columns(header: string[]): string[] {
    const names = header.map((name) => name.trim())
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    if (twice !== undefined) throw new RowError(this.#source.path, 'line 1', `the header names "${twice}" twice`)
    const wanted = [this.#options.field, this.#options.id].find((name) => name !== undefined && !names.includes(name))
    if (wanted !== undefined) {
      const hint = `Its columns are: ${names.join(', ')}. Choose the vector with --field and the id with --id.`
      throw new RowError(this.#source.path, 'line 1', `the header has no column "${wanted}"`, hint)
    }
    return names
  }

  #record(cells: Record<string, string>, line: number): Record<string, unknown> {
    const refuse = (message: string, hint?: string): never => {
      throw new RowError(this.#source.path, `line ${line}`, message, hint)
    }
    const fields: Record<string, unknown> = {}
    for (const [name, text] of Object.entries(cells)) {
      if (name === this.#options.field) fields[name] = vectorOf(text, (message) => refuse(`column "${name}": ${message}`))
      else if (this.#options.textColumns || name === (this.#options.id ?? 'id')) fields[name] = text
      else if (text !== '') fields[name] = typed(text)
    }
    return identified(fields, this.#options.id, refuse)
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof CsvError)) return error
    const line = (error as CsvError & { lines?: number }).lines
    return new RowError(
      this.#source.path,
      line === undefined ? '' : `line ${line}`,
      error.message,
      'Cells with commas or quotes in them stand in double quotes.',
    )
  }
}

function typed(text: string): unknown {
  if (text === 'true') return true
  if (text === 'false') return false
  if (!jsonNumber.test(text)) return text
  const number = Number(text)
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : text
}

/** The numbers of a cell: a JSON array, or numbers between spaces, semicolons or commas. */
export function vectorOf(text: string, refuse: (message: string) => never): number[] {
  const inner = text
    .trim()
    .replace(/^\[(.*)\]$/s, '$1')
    .trim()
  if (inner === '') refuse('holds no numbers')
  return inner.split(/\s*[;,]\s*|\s+/).map((part, at) => {
    if (part === '') refuse(`number ${at + 1} is missing`)
    const number = Number(part)
    if (!Number.isFinite(number)) refuse(`"${part}", its number ${at + 1}, is not a finite number`)
    return number
  })
}

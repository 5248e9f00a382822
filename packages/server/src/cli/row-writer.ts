import { basename } from 'node:path'
import { type Collection, QuiverError } from 'quiverdb'
import { CommandError, exitCodes, failureOf } from './failure.js'
import type { Row, RowReader } from './importers/row-reader.js'
import type { ByteSource } from './importers/source.js'
import type { VectorRule } from './importers/vector-rule.js'
import { interrupt } from './interrupt.js'
import { type OutputOptions, remark } from './output.js'
import { Progress } from './render/progress.js'
import { count, counted, duration } from './render/text.js'

const stillWaitingEveryMs = 1_000

/** What was acknowledged so far. */
export interface Written {
  records: number
  version: string | undefined
}

export interface RowWriterInput {
  readonly source: Pick<ByteSource, 'path' | 'bytesRead' | 'sizeBytes'>
  readonly unit: RowReader['unit']
  readonly rule: VectorRule
}

/** Writes the rows of a file batch by batch, shows how far it is, and says what stays when it has to stop. */
export class RowWriter {
  readonly #collection: Collection
  readonly #input: RowWriterInput
  readonly #options: OutputOptions & { batch: number }
  readonly #progress: Progress
  readonly #written: Written = { records: 0, version: undefined }
  #batch: Row[] = []

  constructor(collection: Collection, input: RowWriterInput, options: OutputOptions & { batch: number }) {
    this.#collection = collection
    this.#input = input
    this.#options = options
    this.#progress = new Progress('Importing', options)
  }

  /** @throws CommandError that tells how many records are stored. */
  async writeAll(rows: AsyncIterable<Row>): Promise<Written> {
    try {
      for await (const row of rows) {
        if (interrupt.aborted) throw interrupted()
        this.#input.rule.check(row)
        this.#batch.push(row)
        if (this.#batch.length === this.#options.batch) await this.#send()
      }
      if (this.#batch.length > 0) await this.#send()
    } catch (error) {
      throw stoppedAfter(this.#written, error)
    } finally {
      this.#progress.stop()
    }
    remark(this.#options, `${counted(this.#written.records, 'record')} imported in ${duration(this.#progress.elapsedMs)}.`)
    return this.#written
  }

  async #send(): Promise<void> {
    // The database makes writers wait when its index is far behind; people should see why nothing moves.
    const waiting = setInterval(() => this.#show(', waiting for the index'), stillWaitingEveryMs)
    try {
      const { version } = await this.#collection.upsert(
        this.#batch.map((row) => row.record),
        { signal: interrupt },
      )
      this.#written.version = version
    } catch (error) {
      throw error instanceof QuiverError && error.code === 'ABORTED' ? interrupted() : this.#refusal(error)
    } finally {
      clearInterval(waiting)
    }
    this.#written.records += this.#batch.length
    this.#batch = []
    this.#show()
  }

  #show(remarkBehind = ''): void {
    const { records } = this.#written
    const perSecond = Math.round(records / Math.max(0.001, this.#progress.elapsedMs / 1000))
    const { bytesRead, sizeBytes } = this.#input.source
    this.#progress.update(bytesRead, sizeBytes, `${count(records)} records, ${count(perSecond)}/s${remarkBehind}`)
  }

  #refusal(error: unknown): CommandError {
    const failure = failureOf(error)
    const { unit, source } = this.#input
    const row = error instanceof QuiverError ? refusedRow(this.#batch, error) : undefined
    const place = row === undefined ? `${unit}s ${this.#batch[0]!.at} to ${this.#batch.at(-1)!.at}` : `${unit} ${row.at}`
    return new CommandError({ ...failure, message: `${basename(source.path)}, ${place}: ${failure.message}` })
  }
}

function interrupted(): CommandError {
  return new CommandError({ code: 'ABORTED', message: 'interrupted', exitCode: exitCodes.interrupted })
}

/** The row that the database names in its refusal. */
function refusedRow(batch: readonly Row[], { details }: QuiverError): Row | undefined {
  const { id, position } = details
  if (typeof id === 'string') return batch.find(({ record }) => record['id'] === id)
  return typeof position === 'number' ? batch[position] : undefined
}

/** Says what stays: each batch was written whole or not at all. */
function stoppedAfter({ records, version }: Written, error: unknown): CommandError {
  const failure = failureOf(error)
  const stays =
    records === 0
      ? 'Nothing was stored.'
      : `${counted(records, 'record')} before it ${records === 1 ? 'is' : 'are'} stored, up to version ${version}.`
  return new CommandError({
    ...failure,
    hint: failure.hint === undefined ? stays : `${failure.hint} ${stays}`,
    details: { ...failure.details, stored: records, version },
  })
}

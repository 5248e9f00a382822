import { QuiverError, type Written } from 'quiverdb'
import { failureOf } from '../problems.js'
import { unpackRecord, type WireRecord } from '../vectors.js'
import { batchesOf, type Batch, type BatchBounds } from './ndjson.js'

/** A line of the answer to an import, after each commit. All records of the lines 1 to `line` are stored. */
export interface ImportProgress {
  readonly stored: number
  readonly line: number
  readonly version?: string
}

/** The last line of the answer. */
export interface ImportEnd extends ImportProgress {
  readonly done: boolean
  /** Why it ended before its time. Nothing after `line` is stored. */
  readonly error?: { readonly code: string; readonly message: string; readonly details: object }
  /** With `COMMIT_UNKNOWN`: the records of these lines may be stored or not. */
  readonly uncertain?: { readonly from: number; readonly to: number }
}

interface Import {
  readonly lines: AsyncIterable<Buffer>
  readonly bounds: BatchBounds
  readonly store: (records: WireRecord[]) => Promise<Written>
  readonly stopping: AbortSignal
  readonly onProgress: (progress: ImportProgress) => void
}

/** Stores records as they come, in commits of bounded size: while one is being written the next is read. Never throws. */
export async function importRecords({
  lines,
  bounds,
  store,
  stopping,
  onProgress,
}: Import): Promise<ImportEnd & { readonly cause?: unknown }> {
  let progress: ImportProgress = { stored: 0, line: 0 }
  let writing: { batch: Batch; result: Promise<Written> } | undefined
  const finishWriting = async (): Promise<void> => {
    if (!writing) return
    const { batch, result } = writing
    const { version } = await result
    writing = undefined
    progress = { stored: progress.stored + batch.records.length, line: batch.lastLine, version }
  }
  try {
    for await (const batch of batchesOf(lines, bounds)) {
      if (writing) {
        await finishWriting()
        onProgress(progress)
      }
      if (stopping.aborted) throw new QuiverError('CLOSED', 'The server is shutting down.')
      const result = store(batch.records.map(unpackRecord))
      // It is awaited a batch later; until then its failure is nobody's.
      result.catch(() => undefined)
      writing = { batch, result }
    }
    await finishWriting()
    return { ...progress, done: true }
  } catch (error) {
    return failed(error)
  }

  async function failed(error: unknown): Promise<ImportEnd & { readonly cause?: unknown }> {
    // What the reader of lines found may have come before the end of the write of the lines before.
    const cause = await finishWriting().then(
      () => error,
      (earlier: unknown) => earlier,
    )
    const { code, message, details = {} } = failureOf(cause)
    const unsure = code === 'COMMIT_UNKNOWN' && writing
    return {
      ...progress,
      done: false,
      error: { code, message, details },
      ...(unsure && { uncertain: { from: progress.line + 1, to: unsure.batch.lastLine } }),
      cause,
    }
  }
}

import { type Namespace, QuiverError, type Task } from 'quiverdb'
import { CommandError, exitCodes } from './failure.js'
import { interrupt } from './interrupt.js'
import type { OutputOptions } from './output.js'
import { Progress } from './render/progress.js'
import { duration } from './render/text.js'

/** What background work is called before people. */
export const taskNames: Record<Task, string> = {
  build: 'building the graph',
  collect: 'removing what nobody needs',
  compact: 'compacting',
  embed: 'embedding texts',
  fields: 'indexing fields',
  flush: 'writing row parts',
  merge: 'merging graphs',
  snapshot: 'writing a snapshot',
}

/** Waits until no work is due, with a progress bar. Returns true. @throws CommandError when interrupted. */
export async function waitUntilSettled(namespace: Namespace, options: OutputOptions): Promise<true> {
  const progress = new Progress('Indexing', options)
  try {
    await namespace.settled({
      signal: interrupt,
      onProgress: ({ task, done, total }) => progress.update(done, total, taskNames[task]),
    })
  } catch (error) {
    if (!(error instanceof QuiverError && error.code === 'ABORTED')) throw error
    throw new CommandError({
      code: 'ABORTED',
      message: 'interrupted while the index was built',
      hint: 'All records are stored and can be searched; the index is finished when the database is next written to.',
      exitCode: exitCodes.interrupted,
    })
  } finally {
    progress.stop()
  }
  if (!options.json) process.stderr.write(`Indexed in ${duration(progress.elapsedMs)}.\n`)
  return true
}

import type { Command } from 'commander'
import type { CheckProblem } from 'quiverdb'
import { exitCodes } from '../failure.js'
import { interrupt } from '../interrupt.js'
import { answer } from '../output.js'
import { Progress } from '../render/progress.js'
import { counted, duration } from '../render/text.js'
import { type DatabaseOptions, withDatabase, withDatabaseOptions } from '../session.js'

export function defineCheck(program: Command): void {
  withDatabaseOptions(program.command('check').description('read everything and say whether it is whole')).action(
    (options: DatabaseOptions) => check(options),
  )
}

function check(options: DatabaseOptions): Promise<void> {
  return withDatabase(options, async (db) => {
    const progress = new Progress('Checking', options)
    const report = {
      ok: true,
      objects: 0,
      records: 0,
      graphs: 0,
      problems: [] as (CheckProblem & { namespace: string })[],
    }
    try {
      for (const name of await db.namespaces()) {
        const namespace = await db.namespace(name)
        const part = await namespace.check({
          signal: interrupt,
          onProgress: ({ done, total, what }) => progress.update(done, total, what),
        })
        report.ok &&= part.ok
        report.objects += part.objects
        report.records += part.records
        report.graphs += part.graphs
        report.problems.push(...part.problems.map((problem) => ({ namespace: name, ...problem })))
      }
    } finally {
      progress.stop()
    }
    const read = `${counted(report.objects, 'object')}, ${counted(report.records, 'record')} and ${counted(report.graphs, 'graph')}`
    answer(options, report, () => {
      if (report.ok) return `All is whole: ${read} read in ${duration(progress.elapsedMs)}.`
      const lines = report.problems.map(
        ({ namespace, kind, key, message }) => `  ${namespace}: ${kind}${key === undefined ? '' : ` ${key}`}: ${message}`,
      )
      return [`${counted(report.problems.length, 'problem')} found in ${read}:`, ...lines].join('\n')
    })
    if (!report.ok) process.exitCode = exitCodes.failed
  })
}

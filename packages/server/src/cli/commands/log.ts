import type { Command } from 'commander'
import { answer } from '../output.js'
import { table } from '../render/table.js'
import { count, cut } from '../render/text.js'
import { type NamespaceOptions, withNamespace, withNamespaceOptions } from '../session.js'
import { wholeNumber } from '../values.js'

const messageWidthMax = 80

interface LogOptions extends NamespaceOptions {
  limit: number
}

export function defineLog(program: Command): void {
  withNamespaceOptions(program.command('log').description('list the versions, newest first'))
    .option('--limit <n>', 'at most so many', wholeNumber(1, 10_000), 20)
    .action((options: LogOptions) => log(options))
}

function log(options: LogOptions): Promise<void> {
  return withNamespace(options, async (namespace) => {
    const entries = await namespace.log({ limit: options.limit })
    const columns = [{ title: 'version' }, { title: 'time' }, { title: 'records', right: true }, { title: 'message' }]
    const rows = entries.map((entry) => [
      entry.version,
      entry.time.replace('T', ' ').replace(/\.\d+Z$/, 'Z'),
      entry.records === 0 ? '' : count(entry.records),
      cut(entry.message ?? '', messageWidthMax),
    ])
    answer(options, entries, () => (entries.length === 0 ? 'Nothing was written yet.' : table(columns, rows)))
  })
}

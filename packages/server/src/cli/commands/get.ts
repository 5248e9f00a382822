import type { Command } from 'commander'
import { notFound } from '../failure.js'
import { answer } from '../output.js'
import { brief } from '../render/text.js'
import { collectionOf, type CollectionOptions, withNamespace, withNamespaceOptions } from '../session.js'
import { nameList } from '../values.js'

const valueWidthMax = 200

interface GetOptions extends CollectionOptions {
  fields?: string[]
}

export function defineGet(program: Command): void {
  const command = program.command('get').description('show records by their ids').argument('<id...>', 'ids of the records')
  withNamespaceOptions(command)
    .option('--collection <name>', 'collection (default: the only one)')
    .option('--at <version>', 'as they were at this version')
    .option('--fields <a,b>', 'only these fields', nameList)
    .action((ids: string[], options: GetOptions) => get(ids, options))
}

function get(ids: string[], options: GetOptions): Promise<void> {
  return withNamespace(options, async (namespace) => {
    const { name, read } = await collectionOf(namespace, options)
    const found = await Promise.all(ids.map((id) => read.get(id, { fields: options.fields })))
    const records = found.filter((record) => record !== null)
    const missing = ids.filter((_, at) => found[at] === null)
    if (records.length > 0 || missing.length === 0 || options.json)
      answer(options, { records, missing }, () => records.map(textOf).join('\n\n'))
    if (missing.length > 0) throw notFound(`no record ${missing.map((id) => `"${id}"`).join(', ')} in collection "${name}"`)
  })
}

function textOf(record: Record<string, unknown>): string {
  const { id, ...fields } = record
  const width = Math.max(0, ...Object.keys(fields).map((name) => name.length))
  return [
    String(id),
    ...Object.entries(fields).map(([name, value]) => `  ${name.padEnd(width)}  ${brief(value, valueWidthMax)}`),
  ].join('\n')
}

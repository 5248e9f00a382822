import type { Command } from 'commander'
import type { SearchResult, WhereInput } from 'quiverdb'
import { interrupt } from '../interrupt.js'
import { answer, remark } from '../output.js'
import { queryVector, type QueryVectorOptions } from '../query-vector.js'
import { type Column, columnsThatFit, table } from '../render/table.js'
import { brief, distance, duration } from '../render/text.js'
import { collectionOf, type CollectionOptions, withNamespace, withNamespaceOptions } from '../session.js'
import { jsonObject, nameList, wholeNumber } from '../values.js'

const limitMax = 10_000
const cellWidthMax = 40
const plainWidth = 120

interface SearchOptions extends CollectionOptions, QueryVectorOptions {
  limit: number
  where?: WhereInput
  exact?: boolean
  fields?: string[]
}

export function defineSearch(program: Command): void {
  const command = program.command('search').description('find the records nearest to a vector')
  withNamespaceOptions(command)
    .option('--collection <name>', 'collection (default: the only one)')
    .option('--vector <numbers>', "the vector, such as '[0.1, 0.2]'")
    .option('--vector-file <file[:row]>', 'a row of an .npy or .fvecs file (default: row 0)')
    .option('--like <id>', 'the vector of this record, which is left out of the answer')
    .option('--field <name>', 'field of the index, when there are several')
    .option('--limit <n>', 'at most so many', wholeNumber(1, limitMax), 10)
    .option('--where <json>', 'only records that match this filter', jsonObject)
    .option('--exact', 'compare with every vector instead of walking the graph')
    .option('--at <version>', 'search this version')
    .option('--fields <a,b>', 'only these fields', nameList)
    .action((options: SearchOptions) => search(options))
}

function search(options: SearchOptions): Promise<void> {
  return withNamespace(options, async (namespace) => {
    const collection = await collectionOf(namespace, options)
    const vector = await queryVector(collection, options)
    const started = performance.now()
    const result = await collection.read.search({
      vector,
      field: options.field,
      where: options.where,
      // The record itself is its own nearest neighbour.
      limit: Math.min(limitMax, options.limit + (options.like === undefined ? 0 : 1)),
      exact: options.exact,
      fields: options.fields,
      signal: interrupt,
    })
    const elapsed = performance.now() - started
    const hits = result.hits.filter((hit) => hit.id !== options.like).slice(0, options.limit)
    answer(options, { ...result, hits }, () => textOf(hits))
    remark(options, `${hits.length} of "${collection.name}" at version ${result.version} in ${duration(elapsed)}`)
  })
}

function textOf(hits: SearchResult['hits']): string {
  if (hits.length === 0) return 'Nothing matches.'
  const fields = [...new Set(hits.flatMap((hit) => Object.keys(hit.record)))].filter((field) => field !== 'id')
  const columns: Column[] = [{ title: 'id' }, { title: 'distance', right: true }, ...fields.map((title) => ({ title }))]
  const rows = hits.map((hit) => [
    hit.id,
    distance(hit.distance),
    ...fields.map((field) => brief(hit.record[field], cellWidthMax)),
  ])
  const shown = Math.max(2, columnsThatFit(columns, rows, process.stdout.columns ?? plainWidth))
  const left = columns.slice(shown).map((column) => column.title)
  const note = left.length === 0 ? '' : `\n(not shown: ${left.join(', ')}; --json has all)`
  return `${table(columns.slice(0, shown), rows)}${note}`
}

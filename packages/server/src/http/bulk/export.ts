import type { CollectionVersion, Filter } from 'quiverdb'

/** A page is in memory as text before it is sent: of records with large vectors some megabytes. */
const pageRecords = 250

export interface ExportOptions {
  fields?: readonly string[]
  vectors?: boolean
  where?: Filter
}

/** All records of one version as lines of JSON, a page at a time, as fast as they are taken. */
export async function* exportedLines(reader: CollectionVersion, options: ExportOptions): AsyncGenerator<string, void, undefined> {
  for (let after: string | undefined; ;) {
    const page = await reader.list({ ...options, limit: pageRecords, after })
    if (page.records.length > 0) yield `${page.records.map((record) => JSON.stringify(record)).join('\n')}\n`
    if (!(after = page.next)) return
  }
}

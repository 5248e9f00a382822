import type { Command } from 'commander'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { NamespaceStats } from 'quiverdb'
import { answer } from '../output.js'
import { type Column, table } from '../render/table.js'
import { bytes, count, counted } from '../render/text.js'
import { type DatabaseOptions, withDatabase, withDatabaseOptions } from '../session.js'

export function defineInfo(program: Command): void {
  withDatabaseOptions(program.command('info').description('show namespaces, collections and indexes')).action(
    (options: DatabaseOptions) => info(options),
  )
}

type NamespaceInfo = { name: string } & Pick<NamespaceStats, 'version' | 'collections' | 'store'>

function info(options: DatabaseOptions): Promise<void> {
  return withDatabase(options, async (db) => {
    const namespaces: NamespaceInfo[] = []
    for (const name of await db.namespaces()) {
      const { version, collections, store } = await (await db.namespace(name)).stats()
      namespaces.push({ name, version, collections, store })
    }
    const sizeBytes = await sizeOf(options.db)
    const title = `Database ${options.db}: ${bytes(sizeBytes)}`
    answer(options, { db: options.db, sizeBytes, namespaces }, () => [title, ...namespaces.map(textOf)].join('\n\n'))
  })
}

/** What the folder takes on disk. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  // Background work of another process may remove a file between the two looks.
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) => stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 })))
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0)
}

function textOf({ name, version, collections, store }: NamespaceInfo): string {
  const title = `Namespace ${name}: version ${version}, ${counted(store.objects, 'object')}`
  if (collections.length === 0) return `${title}\n  no collections`
  const columns: Column[] = [
    { title: 'collection' },
    { title: 'records', right: true },
    { title: 'index' },
    { title: 'dimensions', right: true },
    { title: 'metric' },
    { title: 'vectors', right: true },
    { title: 'status' },
  ]
  const text = table(columns, collections.flatMap(rowsOf))
  return `${title}\n${text.replace(/^/gm, '  ')}`
}

/** One row an index, the collection named in the first; a collection without indexes has one row too. */
function rowsOf({ name, records, indexes }: NamespaceStats['collections'][number]): string[][] {
  const first = [name, count(records)]
  if (indexes.length === 0) return [[...first, 'none']]
  return indexes.map((index, at) => {
    const waiting = index.unindexed === 0 ? '' : `, ${count(index.unindexed)} scanned`
    const skipped = index.skipped === 0 ? '' : `, ${count(index.skipped)} skipped`
    const head = at === 0 ? first : ['', '']
    return [
      ...head,
      index.name,
      count(index.dimensions),
      index.metric,
      count(index.records),
      `${index.status}${waiting}${skipped}`,
    ]
  })
}

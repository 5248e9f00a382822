import type { Command } from 'commander'
import { type Collection, type CollectionVersion, type Database, type Namespace, open, QuiverError } from 'quiverdb'
import { notFound, usageError } from './failure.js'
import type { OutputOptions } from './output.js'

/** A collection as it is, or as it was at a version. */
export type ReadableCollection = Collection | CollectionVersion

export interface OpenCollection {
  readonly name: string
  /** The newest version. */
  readonly live: Collection
  /** The version that was asked for. */
  readonly read: ReadableCollection
}

export const defaultNamespace = 'default'

export interface DatabaseOptions extends OutputOptions {
  db: string
}

export interface NamespaceOptions extends DatabaseOptions {
  namespace: string
}

export interface CollectionOptions extends NamespaceOptions {
  collection?: string
  at?: string
}

/** The options that every command on one namespace has. */
export function withNamespaceOptions(command: Command): Command {
  return withDatabaseOptions(command).option('--namespace <name>', 'namespace', defaultNamespace)
}

export function withDatabaseOptions(command: Command): Command {
  return command
    .option('--db <folder>', 'folder of the database', './data')
    .option('--json', 'answer as one line of JSON on stdout')
}

/** Opens an existing database for reading, lends it to `use` and closes it. @throws QuiverError NOT_FOUND */
export async function withDatabase<R>(options: DatabaseOptions, use: (db: Database) => Promise<R>): Promise<R> {
  const db = await openExisting(options.db)
  try {
    return await use(db)
  } finally {
    await db.close()
  }
}

async function openExisting(folder: string): Promise<Database> {
  try {
    // A command that reads must not begin to build graphs on the side.
    return await open(folder, { create: false, maintenance: 'manual' })
  } catch (error) {
    if (!(error instanceof QuiverError && error.code === 'NOT_FOUND')) throw error
    throw notFound(error.message, 'Name its folder with --db. quiver import makes a database from a file.')
  }
}

/** Like `withDatabase`, with one existing namespace of it. @throws CommandError NOT_FOUND */
export function withNamespace<R>(options: NamespaceOptions, use: (namespace: Namespace) => Promise<R>): Promise<R> {
  return withDatabase(options, async (db) => {
    const names = await db.namespaces()
    if (options.namespace !== defaultNamespace && !names.includes(options.namespace)) {
      throw notFound(`there is no namespace "${options.namespace}" in ${options.db}`, `Its namespaces: ${names.join(', ')}.`)
    }
    return use(await db.namespace(options.namespace))
  })
}

/** The collection that the options name, at the version that they name; the only one when they name none. @throws CommandError */
export async function collectionOf(namespace: Namespace, options: CollectionOptions): Promise<OpenCollection> {
  const names = await namespace.collections()
  const list = names.length === 0 ? 'The namespace has no collections.' : `Its collections: ${names.join(', ')}.`
  const name = options.collection ?? names[0]
  if (name === undefined) throw notFound(`there is no collection in ${options.db}`, 'quiver import makes one from a file.')
  if (options.collection === undefined && names.length > 1) throw usageError('which collection? Name it with --collection', list)
  if (!names.includes(name)) throw notFound(`there is no collection "${name}" in ${options.db}`, list)
  const live = await namespace.collection(name)
  return { name, live, read: options.at === undefined ? live : await live.at(options.at) }
}

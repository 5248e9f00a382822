import { type Command, Option } from 'commander'
import { join } from 'node:path'
import { ApiKeys } from '../../http/keys/api-keys.js'
import { type Role, roles } from '../../http/keys/key-record.js'
import { usageError } from '../failure.js'
import { answer, type OutputOptions } from '../output.js'
import { table } from '../render/table.js'
import { nameList } from '../values.js'

interface KeysOptions extends OutputOptions {
  db: string
  keys?: string
}

interface CreateOptions extends KeysOptions {
  role: Role
  namespaces: string[]
  name: string
}

export function defineKeys(program: Command): void {
  const keys = program.command('keys').description('make, list and revoke the API keys of quiver serve').helpCommand(false)
  withOptions(keys.command('create').description('make a key and show it, which is possible this once'))
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).makeOptionMandatory())
    .option('--namespaces <a,b>', 'namespaces that it may see; * for all', nameList, ['*'])
    .option('--name <text>', 'what it is for', '')
    .action((options: CreateOptions) => create(options))
  withOptions(keys.command('list').description('list the keys, without their secrets')).action((options: KeysOptions) =>
    list(options),
  )
  withOptions(
    keys.command('revoke').description('take a key back, which running servers notice at once').argument('<id>', 'id of the key'),
  ).action((id: string, options: KeysOptions) => revoke(id, options))
}

function withOptions(command: Command): Command {
  return withKeysFolder(command.option('--db <folder>', 'folder of the database', './data')).option(
    '--json',
    'answer as one line of JSON on stdout',
  )
}

export function withKeysFolder(command: Command): Command {
  return command.option('--keys <folder>', 'folder of the keys (default: keys in the folder of the database)')
}

/** Where the keys of a database are; undefined where it has no folder. */
export function keysFolder({ db, keys }: Pick<KeysOptions, 'db' | 'keys'>): string | undefined {
  if (keys !== undefined) return keys
  return /^[a-z0-9]{2,}:/i.test(db) ? undefined : join(db, 'keys')
}

async function openKeys(options: KeysOptions): Promise<ApiKeys> {
  const folder = keysFolder(options)
  if (folder === undefined) throw usageError(`${options.db} is no folder`, 'Say where the keys are, with --keys.')
  return ApiKeys.open(folder)
}

async function create(options: CreateOptions): Promise<void> {
  const { role, name } = options
  const namespaces = options.namespaces.includes('*') ? '*' : options.namespaces
  const { key, record } = await (await openKeys(options)).create({ role, namespaces, name })
  answer(options, { key, id: record.id, role, namespaces, name }, () =>
    [key, '', `Keep it now: it is not shown again. quiver keys revoke ${record.id} takes it back.`].join('\n'),
  )
}

async function list(options: KeysOptions): Promise<void> {
  const keys = (await (await openKeys(options)).list()).map(({ hash: _, ...shown }) => shown)
  const columns = [
    { title: 'id' },
    { title: 'role' },
    { title: 'namespaces' },
    { title: 'created' },
    { title: 'expires' },
    { title: 'revoked' },
    { title: 'name' },
  ]
  const rows = keys.map(({ id, role, namespaces, created, expires = '', revoked = '', name }) => [
    id,
    role,
    namespaces === '*' ? '*' : namespaces.join(','),
    created,
    expires,
    revoked,
    name,
  ])
  answer(options, keys, () => (keys.length === 0 ? 'There are no keys.' : table(columns, rows)))
}

async function revoke(id: string, options: KeysOptions): Promise<void> {
  const { hash: _, ...shown } = await (await openKeys(options)).revoke(id)
  answer(options, shown, () => `Key ${id} is revoked.`)
}

import type { Scalar, StoredRecord } from '../../http/rushdb/stored.js'
import { naive, type World } from './naive-where.js'

type Value = Scalar | null

/** A statistic of a property: of the records themselves, or of their neighbours with a label. */
export interface Statistic {
  readonly fn: '$sum' | '$avg' | '$min' | '$max' | '$count'
  readonly alias: '$record' | '$a' | '$b'
  readonly name: 'n' | 's'
}

/** `$a` are the neighbours with the label A that a `where` describes, `$b` their neighbours with the label B. */
export interface Joins {
  readonly a: object
  readonly b: object
}

/** A record, and what is joined to it. */
type Row = Readonly<Record<'$record' | '$a' | '$b', StoredRecord | undefined>>

export function naiveGroups(
  world: World,
  found: readonly StoredRecord[],
  joins: Joins,
  by: readonly Pick<Statistic, 'alias' | 'name'>[],
  statistics: readonly Statistic[],
): Map<string, Value[]> {
  const groups = new Map<string, Row[]>(by.length === 0 ? [['[]', []]] : [])
  for (const row of found.flatMap((record) => rowsOf(record, joins, world))) {
    const key = JSON.stringify(by.map(({ alias, name }) => row[alias]?.data[name] ?? null))
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return new Map([...groups].map(([key, rows]) => [key, statistics.map((statistic) => computed(statistic, rows))]))
}

function rowsOf(record: StoredRecord, joins: Joins, world: World): Row[] {
  const as = neighbours(record, 'A', joins.a, world).filter((a) => neighbours(a, 'B', joins.b, world).length > 0)
  const rows = as.flatMap((a) => neighbours(a, 'B', joins.b, world).map((b): Row => ({ $record: record, $a: a, $b: b })))
  return rows.length > 0 ? rows : [{ $record: record, $a: undefined, $b: undefined }]
}

function neighbours(record: StoredRecord, label: string, where: unknown, world: World): StoredRecord[] {
  const ids = world.edges.flatMap(({ source, target }) => [
    ...(source === record.id ? [target] : []),
    ...(target === record.id ? [source] : []),
  ])
  return world.records.filter((other) => ids.includes(other.id) && other.label === label && naive(where, other, world) === true)
}

/** Of each record that was found with each that is joined to it, once. */
function computed({ fn, alias, name }: Statistic, rows: readonly Row[]): Value {
  const pairs = new Map(rows.map((row) => [`${row.$record!.id} ${row[alias]?.id ?? ''}`, row[alias]?.data[name]]))
  const values = [...pairs.values()].filter((value) => value !== undefined)
  if (fn === '$count') return new Set(values.map((value) => JSON.stringify(value))).size
  const scalars = values.filter((value): value is Scalar => !Array.isArray(value))
  if (fn === '$min' || fn === '$max') {
    const sorted = scalars.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0))
    return (fn === '$min' ? sorted[0] : sorted.at(-1)) ?? null
  }
  const numbers = scalars.filter((value) => typeof value === 'number')
  const sum = numbers.reduce((total, value) => total + value, 0)
  return fn === '$sum' ? sum : numbers.length === 0 ? null : sum / numbers.length
}

function rank(value: Scalar): number {
  return ['boolean', 'number', 'string'].indexOf(typeof value)
}

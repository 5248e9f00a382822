import { badRequest } from '../../problem.js'
import { queryVector, similarityOf } from '../similarity.js'
import { collectOptions } from './collect-options.js'
import type { Collect, Expression, OutputKey, Source, Statistic } from './expression.js'
import { parseReference, precisionOf, sourceOf } from './parse-select.js'
import { bucketOf } from './time-bucket.js'

type Entries = Readonly<Record<string, unknown>>
type Aliases = ReadonlyMap<string, Source>

const statistics: readonly unknown[] = ['sum', 'avg', 'min', 'max', 'count'] satisfies Statistic['fn'][]
const keysMax = 64
const depthMax = 8

/** Reads `aggregate`, the older way of writing `select`. @throws RushProblem 400 */
export function parseAggregate(aggregate: Entries, aliases: Aliases, place = 'aggregate', depth = 0): OutputKey[] {
  const keys = Object.entries(aggregate)
  if (keys.length > keysMax) throw badRequest(`"${place}" must have at most ${keysMax} keys`)
  if (depth > depthMax) throw badRequest(`"${place}" is nested deeper than ${depthMax} levels`)
  return keys.map(([key, value]) => ({ key, expression: expressionOf(value, aliases, `${place}.${key}`, depth) }))
}

function expressionOf(value: unknown, aliases: Aliases, place: string, depth: number): Expression {
  if (typeof value === 'string') return parseReference(value, aliases, place)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest(`"${place}" must be a text or an object`)
  const given = value as Entries
  const { fn } = given
  const source = sourceOf(given['alias'] ?? '$record', aliases, `${place}.alias`)
  if (statistics.includes(fn)) return statisticOf(given, fn as Statistic['fn'], source, place)
  if (fn === 'collect') return collectOf(given, source, aliases, place, depth)
  if (fn === 'timeBucket') {
    const bucket = bucketOf(given['granularity'], given['size'], place, 'granularity')
    return { kind: 'bucket', source, name: fieldOf(given, place), bucket, as: 'text' }
  }
  if (typeof fn === 'string' && fn.includes('.similarity.')) {
    const similarity = similarityOf(fn, `${place}.fn`)
    const query = queryVector(given['query'], `${place}.query`)
    return { kind: 'similarity', source, name: fieldOf(given, place), query, similarity }
  }
  throw badRequest(
    `"${place}.fn" must be one of ${statistics.join(', ')}, collect, timeBucket, gds.similarity.*, vector.similarity.*`,
  )
}

function statisticOf(given: Entries, fn: Statistic['fn'], source: Source, place: string): Statistic {
  const precision = precisionOf(given['precision'], `${place}.precision`)
  const hasField = fn !== 'count' || (given['field'] !== undefined && given['field'] !== '*')
  return {
    kind: 'statistic',
    fn,
    of: hasField ? { kind: 'field', source, name: fieldOf(given, place) } : { kind: 'record', source },
    unique: isUnique(given),
    ...(precision !== undefined && { precision }),
  }
}

function collectOf(given: Entries, source: Source, aliases: Aliases, place: string, depth: number): Collect {
  const { field, aggregate } = given
  const nested = aggregate === undefined || aggregate === null ? undefined : (aggregate as Entries)
  if (nested !== undefined && typeof nested !== 'object') throw badRequest(`"${place}.aggregate" must be an object`)
  const item = nested
    ? parseAggregate(nested, aliases, `${place}.aggregate`, depth + 1)
    : field === undefined
      ? undefined
      : ({ kind: 'field', source, name: fieldOf(given, place) } as const)
  return {
    kind: 'collect',
    source,
    ...(item && { item }),
    withRecord: nested !== undefined,
    ...collectOptions(given, place),
    unique: isUnique(given),
  }
}

function isUnique({ unique, uniq }: Entries): boolean {
  return unique !== false && uniq !== false
}

function fieldOf({ field }: Entries, place: string): string {
  if (typeof field === 'string' && field !== '') return field
  throw badRequest(`"${place}.field" must name a property`)
}

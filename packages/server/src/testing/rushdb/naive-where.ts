import type { StoredRecord } from '../../http/rushdb/stored.js'
import type { Edge } from '../../http/rushdb/relations/edges.js'

/** Records and relationships, small enough to look at all of them. */
export interface World {
  readonly records: readonly StoredRecord[]
  readonly edges: readonly Edge[]
}

type Verdict = boolean | undefined
type Where = Readonly<Record<string, unknown>>

/** What a `where` means, said again without any engine: true, false or not known. */
export function naive(where: unknown, record: StoredRecord, world: World): Verdict {
  return all(Object.entries(where as Where).map(([key, value]) => entry(key, value, record, world)))
}

function entry(key: string, value: unknown, record: StoredRecord, world: World): Verdict {
  if (isGroup(key)) return group(key, clausesOf(value), (clause) => naive(clause, record, world))
  if (key === '$id' || key === '__id') return field(value, record.id, 'string')
  if (key === '__label') return field(value, record.label, 'string')
  if (key === '$cycle') return trailTo(record, value as Walk, world, (end) => end === record)
  if (isBlock(value)) {
    const { $relation, $alias: _, ...rest } = value as Where
    const walk = typeof $relation === 'string' ? { type: $relation } : (($relation ?? {}) as Walk)
    return trailTo(record, walk, world, (end) => end.label === key && naive(rest, end, world) === true)
  }
  const type = record.props.find((prop) => prop.endsWith(`:${key}`))?.split(':')[0]
  return field(value, record.data[key], type)
}

function isBlock(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const keys = Object.entries(value)
  return (
    keys.length === 0 ||
    keys.some(([key, inner]) => (isGroup(key) ? [inner].flat().some(isBlock) : !key.startsWith('$') || notTests.includes(key)))
  )
}

const notTests = ['$id', '$alias', '$relation', '$cycle']

function field(test: unknown, value: unknown, type: string | undefined): Verdict {
  if (typeof test !== 'object' || test === null) return equals(value, test)
  if (Array.isArray(test)) return all(test.map((one) => equals(value, one)))
  if ('$year' in test) return operator('$eq', test, value, type)
  return all(
    Object.entries(test).map(([key, operand]) =>
      isGroup(key) ? group(key, clausesOf(operand), (clause) => field(clause, value, type)) : operator(key, operand, value, type),
    ),
  )
}

function operator(key: string, operand: unknown, value: unknown, type: string | undefined): Verdict {
  if (key === '$exists') return (value !== undefined) === operand
  if (key === '$type' && operand === 'null') return value === undefined
  if (operand === null) return (value === undefined) === (key === '$eq')
  if (key === '$in') return any((operand as unknown[]).map((one) => operator('$eq', one, value, type)))
  if (key === '$nin')
    return all((operand as unknown[]).map((one) => (one === null ? value !== undefined : not(operator('$eq', one, value, type)))))
  if (value === undefined) return undefined
  if (key === '$type') return type === operand
  const elements = elementsOf(value)
  const instant = instantOf(operand, key)
  if (instant !== undefined) return type === 'datetime' && elements.some((one) => compare(key, Date.parse(String(one)), instant))
  if (key === '$contains')
    return elements.some((one) => typeof one === 'string' && one.toLowerCase().includes(String(operand).toLowerCase()))
  if (key === '$startsWith') return elements.some((one) => typeof one === 'string' && one.startsWith(String(operand)))
  if (key === '$endsWith') return elements.some((one) => typeof one === 'string' && one.endsWith(String(operand)))
  return elements.some((one) => compare(key, one, operand))
}

function instantOf(operand: unknown, key: string): number | undefined {
  if (typeof operand === 'object' && operand !== null) {
    const { $year, $month = 1, $day = 1 } = operand as Record<string, number>
    return Date.UTC($year!, $month - 1, $day)
  }
  return typeof operand === 'string' && key.length > 2 && /^\$[gl]te?$/.test(key) ? Date.parse(operand) : undefined
}

function compare(key: string, a: unknown, b: unknown): boolean {
  if (key === '$eq') return a === b
  if (key === '$ne') return a !== b
  if (typeof a !== 'number' || typeof b !== 'number') return false
  return key === '$gt' ? a > b : key === '$gte' ? a >= b : key === '$lt' ? a < b : a <= b
}

function equals(value: unknown, wanted: unknown): Verdict {
  if (wanted === null) return value === undefined
  return value === undefined ? undefined : elementsOf(value).includes(wanted)
}

function elementsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

interface Walk {
  readonly type?: string
  readonly direction?: 'in' | 'out'
  readonly hops?: number | { min?: number; max?: number }
}

/** Whether a path that takes no edge twice leads to such an end. */
function trailTo(record: StoredRecord, walk: Walk, world: World, isEnd: (end: StoredRecord) => boolean): boolean {
  const { hops = 1 } = walk
  const { min = 1, max = 10 } = typeof hops === 'number' ? { min: hops, max: hops } : hops
  const go = (at: StoredRecord, used: readonly Edge[]): boolean => {
    if (used.length >= min && isEnd(at)) return true
    if (used.length === max) return false
    return world.edges.some((edge) => {
      if (used.includes(edge) || (walk.type !== undefined && edge.type !== walk.type)) return false
      const far = [
        ...(walk.direction !== 'in' && edge.source === at.id ? [edge.target] : []),
        ...(walk.direction !== 'out' && edge.target === at.id ? [edge.source] : []),
      ]
      return far.some((id) =>
        go(
          world.records.find((other) => other.id === id)!,
          [...used, edge],
        ),
      )
    })
  }
  return go(record, [])
}

function clausesOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : Object.entries(value as Where).map(([key, inner]) => ({ [key]: inner }))
}

function isGroup(key: string): boolean {
  return ['$and', '$or', '$not', '$nor', '$xor'].includes(key)
}

function group(key: string, clauses: readonly unknown[], read: (clause: unknown) => Verdict): Verdict {
  const verdicts = clauses.map(read)
  if (key === '$and') return all(verdicts)
  if (key === '$or') return any(verdicts)
  if (key === '$not') return not(all(verdicts))
  if (key === '$nor') return not(any(verdicts))
  return verdicts.includes(undefined) ? undefined : verdicts.filter(Boolean).length % 2 === 1
}

const not = (verdict: Verdict): Verdict => (verdict === undefined ? undefined : !verdict)
const all = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes(false) ? false : verdicts.includes(undefined) ? undefined : true
const any = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes(true) ? true : verdicts.includes(undefined) ? undefined : false

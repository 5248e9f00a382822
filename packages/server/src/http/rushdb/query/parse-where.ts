import { badRequest } from '../problem.js'
import { pathOf } from '../stored.js'
import { dateParts } from './date-object.js'
import { comparison, comparisonOperators, equal, type Subject, unknownIfMissing } from './property-test.js'
import { parseSimilar } from './parse-similar.js'
import { parseCycle, parseRelation } from './parse-relation.js'
import type { Block, GroupOperator, WhereNode } from './where-tree.js'

/** Levels of groups and of related records. */
const depthMax = 24
/** Related records and cycles of one query. */
const walksMax = 32

const groupOperators: readonly string[] = ['$and', '$or', '$not', '$nor', '$xor']
const fieldOperators: readonly string[] = [...comparisonOperators, ...dateParts, '$vector']
const notFields: readonly string[] = ['$relation', '$alias']

/** Names that every record has something under, and where the engine has it. */
const recordPaths: ReadonlyMap<string, string> = new Map([
  ['$id', 'id'],
  ['__id', 'id'],
  ['__label', 'label'],
])

type Entries = Readonly<Record<string, unknown>>

/** Where the reading is. */
interface Position {
  readonly place: string
  readonly depth: number
  /** Below a negation, where false and unknown differ. */
  readonly exact: boolean
}

/**
 * Reads a `where`. What a key means is told by its value: an object of operators asks something of the property; any other object describes a related
 * record, whose label the key is.
 * @throws RushProblem 400
 */
export function parseWhere(where: unknown, place = 'where', ownPaths = recordPaths): WhereNode {
  return new WhereParser(ownPaths).entries(where ?? {}, { place, depth: 0, exact: false })
}

class WhereParser {
  readonly #ownPaths: ReadonlyMap<string, string>
  #walks = 0

  constructor(ownPaths: ReadonlyMap<string, string>) {
    this.#ownPaths = ownPaths
  }

  entries(where: unknown, at: Position): WhereNode {
    if (!isObject(where)) throw badRequest(`"${at.place}" must be an object`)
    const nodes = Object.entries(where).map(([key, value]) => this.#entry(key, value, inside(at, key)))
    return nodes.length === 1 ? nodes[0]! : { kind: 'group', op: 'and', nodes }
  }

  #entry(key: string, value: unknown, at: Position): WhereNode {
    if (groupOperators.includes(key)) return this.#group(key, value, at, (clause, to) => this.entries(clause, to))
    if (key === '$cycle') return this.#cycle(value, at)
    const path = this.#ownPaths.get(key)
    if (path !== undefined) return this.#value({ path, exact: at.exact }, value, at)
    if (key.startsWith('$')) throw badRequest(`"${at.place}" is not an operator that can stand here`)
    if (!isTest(value)) return this.#related(key, value as Entries, at)
    return this.#value({ path: pathOf(key), property: key, exact: at.exact }, value, at)
  }

  /** What is asked of one property. */
  #value(subject: Subject, value: unknown, at: Position): WhereNode {
    if (!isObject(value)) return { kind: 'test', filter: equal(subject, value, at.place) }
    const parts: [string, unknown][] = []
    const nodes: WhereNode[] = []
    for (const [key, operand] of Object.entries(value)) {
      const to = inside(at, key)
      const same = { ...subject, exact: at.exact }
      if (dateParts.includes(key)) parts.push([key, operand])
      else if (groupOperators.includes(key))
        nodes.push(
          this.#group(key, operand, to, (clause, inner) => this.#value({ ...subject, exact: inner.exact }, clause, inner)),
        )
      else if (key === '$vector') nodes.push(similarNode(same, operand, to.place))
      else if (comparisonOperators.includes(key)) nodes.push({ kind: 'test', filter: comparison(same, key, operand, to.place) })
      else throw badRequest(`"${to.place}" is not an operator of properties`)
    }
    if (parts.length > 0) nodes.push({ kind: 'test', filter: equal(subject, Object.fromEntries(parts), at.place) })
    if (nodes.length === 0) throw badRequest(`"${at.place}" must not be empty`)
    return nodes.length === 1 ? nodes[0]! : { kind: 'group', op: 'and', nodes }
  }

  /** Clauses are the members of a list, or the entries of an object. */
  #group(key: string, value: unknown, at: Position, read: (clause: unknown, at: Position) => WhereNode): WhereNode {
    const op = key.slice(1) as GroupOperator
    const to = deeper({ ...at, exact: at.exact || (op !== 'and' && op !== 'or') })
    const clauses: [string, unknown][] = Array.isArray(value)
      ? Array.from(value, (clause: unknown, i): [string, unknown] => [String(i), clause])
      : isObject(value)
        ? Object.entries(value).map(([name, clause]): [string, unknown] => [name, single(name, clause)])
        : []
    if (clauses.length === 0) throw badRequest(`"${at.place}" must be a list or an object with at least one condition`)
    return { kind: 'group', op, nodes: clauses.map(([name, clause]) => read(clause, inside(to, name))) }
  }

  #related(label: string, value: Entries, at: Position): WhereNode {
    this.#countWalk(at.place)
    if (value['$cycle'] === true) return this.#cycleBlock(value, at)
    const alias = value['$alias']
    if (alias !== undefined && (typeof alias !== 'string' || !/^\$./.test(alias) || alias === '$record' || alias === '$self'))
      throw badRequest(`"${at.place}.$alias" must be a text that begins with $, and not $record or $self`)
    const criteria = Object.fromEntries(Object.entries(value).filter(([key]) => !notFields.includes(key)))
    const block: Block = {
      label,
      ...(alias !== undefined && { alias }),
      walk: parseRelation(value['$relation'], `${at.place}.$relation`),
      // Whether a record is related is always known, so negations begin anew.
      where: this.entries(criteria, deeper({ ...at, exact: false })),
    }
    return { kind: 'related', block }
  }

  /** The older way of writing it: `{ RING: { $cycle: true, $relation: { hops } } }`. */
  #cycleBlock(value: Entries, at: Position): WhereNode {
    const other = Object.keys(value).find((key) => key !== '$cycle' && key !== '$relation')
    if (other !== undefined) throw badRequest(`"${at.place}.${other}" cannot stand beside $cycle`)
    return { kind: 'cycle', walk: parseCycle(value['$relation'], `${at.place}.$relation`) }
  }

  #cycle(value: unknown, { place }: Position): WhereNode {
    this.#countWalk(place)
    return { kind: 'cycle', walk: parseCycle(value, place) }
  }

  #countWalk(place: string): void {
    if (++this.#walks > walksMax) throw badRequest(`"${place}": a query has at most ${walksMax} related records and cycles`)
  }
}

function similarNode(subject: Subject, operand: unknown, place: string): WhereNode {
  if (subject.property === undefined) throw badRequest(`"${place}": $vector is not for ids and labels`)
  const similar = parseSimilar(subject.property, operand, place)
  return { kind: 'similar', similar: { ...similar, ...(subject.exact && { unknown: unknownIfMissing(subject.path) }) } }
}

/** Whether a value asks something of a property: it is plain, or has nothing but operators, in groups too. */
function isTest(value: unknown, depth = 0): boolean {
  if (!isObject(value) || depth > depthMax) return true
  const entries = Object.entries(value)
  return entries.length > 0 && entries.every(([key, operand]) => isOperator(key, operand, depth + 1))
}

function isOperator(key: string, operand: unknown, depth: number): boolean {
  if (fieldOperators.includes(key)) return true
  if (!groupOperators.includes(key)) return false
  return Array.isArray(operand) ? operand.every((clause) => isTest(clause, depth)) : isTest(operand, depth)
}

function single(key: string, value: unknown): Entries {
  const entry = Object.create(null) as Record<string, unknown>
  entry[key] = value
  return entry
}

function inside(at: Position, key: string): Position {
  return { ...at, place: `${at.place}.${key}`.slice(0, placeLengthMax) }
}

function deeper(at: Position): Position {
  if (at.depth === depthMax) throw badRequest(`"${at.place}" is nested deeper than ${depthMax} levels`)
  return { ...at, depth: at.depth + 1 }
}

/** In UTF-16 code units. */
const placeLengthMax = 500

function isObject(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

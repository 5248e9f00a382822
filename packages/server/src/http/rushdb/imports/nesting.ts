import { badRequest, RushProblem } from '../problem.js'

/** A record of nested data, before its values are read. */
export interface Node {
  readonly label: string | undefined
  /** Scalars and lists of such. */
  readonly values: { readonly [name: string]: unknown }
  /** As they came. */
  readonly vectors: unknown
  /** The place of its parent in the list, where it has one. */
  readonly parent?: number
}

/** A commit holds so many; relationships count too. */
export const importedMax = 200_000

type Parent = Pick<Node, 'parent'>
interface Waiting extends Parent {
  readonly label: string | undefined
  readonly object: object
}

/**
 * The records of nested data, parents before their children: objects, and lists of such, are children under their name as the label.
 * An object with nothing but one kind of children is no record, and without a label it is a container of records by label.
 * @throws RushProblem 400: no label, or values that are neither. 413: too many
 */
export function nodesOf(data: unknown, label: string | undefined): Node[] {
  const queue = rootsOf(data, label)
  const nodes: Node[] = []
  for (const [at, { label, object, parent }] of queue.entries()) {
    const { values, children, vectors } = partsOf(object)
    nodes.push({ label, values, vectors, ...(parent !== undefined && { parent }) })
    for (const child of children) queue.push({ ...child, parent: at })
    if (queue.length > importedMax) throw tooMany()
  }
  return nodes
}

export function tooMany(): RushProblem {
  return new RushProblem(413, `An import is one commit, of at most ${importedMax} records and relationships. Split it.`)
}

function rootsOf(data: unknown, label: string | undefined): Waiting[] {
  if (Array.isArray(data)) {
    if (label === undefined) throw badRequest('Invalid import: a list of records needs a label.')
    return data.map((object: unknown) => ({ label, object: objectOf(object) }))
  }
  const object = objectOf(data)
  const { values, children, vectors } = partsOf(object)
  const isRecord = Object.keys(values).length > 0
  if (label === undefined) {
    if (isRecord) throw badRequest('Invalid import: an object that has values of its own needs a label.')
    return children
  }
  const kinds = new Set(children.map((child) => child.label)).size
  return isRecord || kinds > 1 || vectors !== undefined ? [{ label, object }] : children
}

interface Parts {
  readonly values: { [name: string]: unknown }
  readonly children: { label: string; object: object }[]
  readonly vectors: unknown
}

function partsOf(object: object): Parts {
  const { $vectors: vectors, ...members } = object as { $vectors?: unknown }
  const values = Object.create(null) as Parts['values']
  const children: Parts['children'] = []
  for (const [name, value] of Object.entries(members)) {
    if (value === null) continue
    if (!isComplex(value)) values[name] = value
    else for (const child of [value].flat()) if (child !== null) children.push({ label: name, object: objectOf(child) })
  }
  return { values, children, vectors }
}

/** An object or a list that has one: children rather than a value. */
function isComplex(value: unknown): boolean {
  return Array.isArray(value) ? value.some((element) => isObject(element)) : isObject(value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectOf(value: unknown): object {
  if (isObject(value)) return value
  throw badRequest('Invalid import: records are objects, and a list that has objects has nothing else.')
}

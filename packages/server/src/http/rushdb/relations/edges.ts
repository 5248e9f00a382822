import { createHash } from 'node:crypto'
import type { Filter } from 'quiverdb'
import { chunksOf } from '../chunks.js'
import { badRequest } from '../problem.js'
import type { Unit } from '../project.js'
import type { Budget } from '../query/budget.js'
import { pagesOf } from '../query/pages.js'
import { relationshipsName, type StoredRecord, type StoredRelationship } from '../stored.js'

/** The type of relationships that were given none, as it is stored, and as clients get it; they may write either. */
export const defaultType = '__RUSHDB__RELATION__DEFAULT__'
export const defaultTypeShown = 'RUSHDB_DEFAULT_RELATION'

/** From a record: `out` is to its targets, `in` to the sources of which it is the target. */
export type Direction = 'in' | 'out'

export interface Edge extends Partial<Pick<StoredRecord, 'props' | 'data'>> {
  readonly source: string
  readonly target: string
  readonly type: string
}

export interface EdgeChoice {
  /** Default: all. */
  readonly type?: string
  /** Default: both. */
  readonly direction?: Direction
}

/** 144 bits, in base64. */
const idLength = 24
const edgesPerWrite = 100_000
const idsPerRead = 1_000
const idsReadAlone = 20_000
/** Reading all edges takes about as long as asking for this share of them by the ids of their ends. */
const edgesPerIdInPass = 10
/** Pairs of neighbours in one answer: about 200 bytes each. */
const neighboursMax = 2_000_000

/** The name of a type as it is stored. */
export function storedType(type: string | undefined): string {
  return type === undefined || type === '' || type === defaultTypeShown ? defaultType : type
}

/** The name of a type as clients get it. */
export function shownType(type: string): string {
  return type === defaultType ? defaultTypeShown : type
}

export function relationshipId({ source, target, type }: Edge): string {
  return createHash('sha256')
    .update(JSON.stringify([source, target, storedType(type)]))
    .digest('base64url')
    .slice(0, idLength)
}

/** Writes edges without reading: one that is there already, of the same type and direction between the same records, is replaced. The records must be there. */
export async function connect(unit: Unit, edges: readonly Edge[]): Promise<void> {
  for (const some of chunksOf(edges, edgesPerWrite)) await unit.relationships.upsert(some.map(storedEdge))
}

function storedEdge(edge: Edge): StoredRelationship {
  const { source, target, type, props, data } = edge
  const stored = { id: relationshipId(edge), type: storedType(type), source, target }
  return props?.length ? { ...stored, props, data: data ?? {} } : stored
}

/** Takes edges away that are there, and says how many. */
export function disconnect(unit: Unit, edges: readonly Edge[]): Promise<number> {
  return deleteEdges(unit, edges.map(relationshipId))
}

/**
 * Takes all edges of some records away, which are deleted in the same unit. Of fewer than {@link idsReadAlone} no other edge is read, so that nobody
 * who writes those is in the way.
 */
export async function removeEdgesOf(unit: Unit, ids: readonly string[]): Promise<number> {
  const found = new Set<string>()
  for await (const edges of edgesAt(unit, new Set(ids), {}, idsReadAlone)) for (const { id } of edges) found.add(id)
  return deleteEdges(unit, [...found])
}

export async function deleteEdges(unit: Unit, ids: readonly string[]): Promise<number> {
  let deleted = 0
  for (const some of chunksOf(ids, edgesPerWrite)) deleted += await unit.relationships.delete(some)
  return deleted
}

/**
 * The neighbours of each of some records, in a direction from them; records without any are left out.
 * @throws RushProblem 400: they are too many
 */
export async function neighboursOf(
  unit: Unit,
  ids: ReadonlySet<string>,
  choice: EdgeChoice = {},
): Promise<Map<string, Set<string>>> {
  const neighbours = new Map<string, Set<string>>()
  let pairs = 0
  const add = (id: string, neighbour: string): void => {
    const known = neighbours.get(id)
    if (!known) neighbours.set(id, new Set([neighbour]))
    else if (known.has(neighbour)) return
    else known.add(neighbour)
    if (++pairs > neighboursMax)
      throw badRequest(
        `The query goes over more than ${neighboursMax} pairs of related records. Narrow it by labels or conditions.`,
      )
  }
  for await (const edges of edgesOf(unit, ids, choice)) {
    for (const { source, target } of edges) {
      if (choice.direction !== 'in' && ids.has(source)) add(source, target)
      if (choice.direction !== 'out' && ids.has(target)) add(target, source)
    }
  }
  return neighbours
}

/** The records that have one of some records as a neighbour, in a direction from the records that are looked for. */
export async function idsWithNeighbour(
  unit: Unit,
  targets: ReadonlySet<string>,
  { type, direction }: EdgeChoice = {},
): Promise<Set<string>> {
  const ids = new Set<string>()
  const seen = direction && opposite(direction)
  for await (const edges of edgesOf(unit, targets, { type, direction: seen })) {
    for (const { source, target } of edges) {
      if (seen !== 'in' && targets.has(source)) ids.add(target)
      if (seen !== 'out' && targets.has(target)) ids.add(source)
    }
  }
  return ids
}

export function opposite(direction: Direction): Direction {
  return direction === 'in' ? 'out' : 'in'
}

/** The edges at some records, page by page, in no order; one between two of them may come twice. */
export function edgesOf(
  unit: Unit,
  ids: ReadonlySet<string>,
  choice: EdgeChoice = {},
  budget?: Budget,
): AsyncGenerator<readonly StoredRelationship[]> {
  return edgesAt(unit, ids, choice, idsPerRead, budget)
}

async function* edgesAt(
  unit: Unit,
  ids: ReadonlySet<string>,
  { type, direction }: EdgeChoice,
  readAlone: number,
  budget?: Budget,
): AsyncGenerator<readonly StoredRelationship[]> {
  if (ids.size === 0) return
  const ofType: Filter = type === undefined ? {} : { type: storedType(type) }
  const ends = direction === undefined ? (['source', 'target'] as const) : ([direction === 'out' ? 'source' : 'target'] as const)
  if (ids.size > readAlone && (await isPassCheaper(unit, ids.size))) {
    for await (const page of pagesOf(unit.relationships, { where: ofType }, budget))
      yield page.filter((edge) => ends.some((end) => ids.has(edge[end])))
    return
  }
  for (const some of chunksOf([...ids], idsPerRead))
    for (const end of ends) yield* pagesOf(unit.relationships, { where: { ...ofType, [end]: { $in: some } } }, budget)
}

/** An estimate: how many edges there are is no part of any answer, so it is not read in the unit, where others would conflict with it. */
async function isPassCheaper({ project }: Unit, ids: number): Promise<boolean> {
  const all = await project.namespace.collection(relationshipsName)
  return ids * edgesPerIdInPass > (await all.count())
}

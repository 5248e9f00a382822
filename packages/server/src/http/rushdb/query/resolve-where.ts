import type { Filter, WhereInput } from 'quiverdb'
import { chunksOf } from '../chunks.js'
import type { Unit } from '../project.js'
import { badRequest } from '../problem.js'
import { pathOf, storedName } from '../stored.js'
import { idsWithNeighbour, neighboursOf } from '../relations/edges.js'
import { Budget } from './budget.js'
import { Graph } from './graph.js'
import { pagesOf } from './pages.js'
import { hasProp } from './property-test.js'
import { Trails } from './trails.js'
import type { Block, Hops, Similar, Threshold, Walk, WhereNode } from './where-tree.js'

/** Ids that a filter of the engine takes in one list. */
const listMax = 10_000
/** Records that stand between two related ones. */
const idsMax = 1_000_000
/** Records that are looked at for cycles. */
const cycleRecordsMax = 100_000
/** Where that many times more records fulfil a block than may be related to them, those are walked from. */
const cheaperBy = 4
const vectorPageRows = 500

/** Makes a filter of the engine of what was read: what speaks of other records is looked up, innermost first, and becomes lists of ids. */
export class WhereResolver {
  readonly #unit: Unit
  readonly #trails: Trails
  readonly #budget: Budget

  constructor(unit: Unit, budget = new Budget()) {
    this.#unit = unit
    this.#budget = budget
    this.#trails = new Trails(new Graph(unit, budget), budget)
  }

  /** @param scope what is asked of the records anyway: elsewhere the answer does not matter */
  async resolve(node: WhereNode, scope: Filter): Promise<Filter> {
    switch (node.kind) {
      case 'test':
        return node.filter
      case 'group':
        if (node.op === 'and') return this.#all(node.nodes, scope)
        return this.#combined(node.op, node.nodes, scope)
      case 'related':
        return anyOf(await this.#relatedTo(node.block, scope))
      case 'cycle':
        return anyOf(await this.#onCycles(node.walk, scope))
      case 'similar':
        return this.#similar(node.similar, scope)
    }
  }

  /** What each condition leaves is the scope of the next, those that cost nothing first. */
  async #all(nodes: readonly WhereNode[], scope: Filter): Promise<Filter> {
    const filters: Filter[] = []
    for (const node of [...nodes.filter((node) => !isWalk(node)), ...nodes.filter(isWalk)])
      filters.push(await this.resolve(node, both(scope, filters)))
    return filters.length === 0 ? {} : { $and: filters }
  }

  async #combined(op: 'or' | 'not' | 'nor' | 'xor', nodes: readonly WhereNode[], scope: Filter): Promise<Filter> {
    const filters: Filter[] = []
    for (const node of nodes)
      filters.push(op === 'or' ? await this.resolve(node, scope) : await this.#resolveExactly(node, scope))
    return op === 'not' ? { $not: { $and: filters } } : { [`$${op}`]: filters }
  }

  /** Below a negation: there what is false of a record and what is not known of it differ, so nothing inside narrows the scope. */
  async #resolveExactly(node: WhereNode, scope: Filter): Promise<Filter> {
    if (node.kind !== 'group') return this.resolve(node, scope)
    const filters: Filter[] = []
    for (const inner of node.nodes) filters.push(await this.#resolveExactly(inner, scope))
    if (filters.length === 0) return {}
    return node.op === 'not' ? { $not: { $and: filters } } : { [`$${node.op}`]: filters }
  }

  /** The filter of the records that a block describes. */
  async endsOf({ label, where }: Block): Promise<Filter> {
    const ofLabel: WhereInput = { label }
    return { $and: [ofLabel, await this.resolve(where, ofLabel)] }
  }

  async #relatedTo(block: Block, scope: Filter): Promise<ReadonlySet<string>> {
    const ends = await this.endsOf(block)
    const { records } = this.#unit
    const endCount = await records.count({ where: ends })
    if (endCount === 0) return new Set()
    const { hops, ...walk } = block.walk
    if (!isOne(hops)) return this.#trails.startsTo(await this.#ids(ends), { ...walk, hops })
    const areStartsFewer = endCount > cheaperBy && (await records.count({ where: scope })) * cheaperBy < endCount
    if (areStartsFewer) return this.#startsAmong(await this.#ids(scope), ends, walk)
    return idsWithNeighbour(this.#unit, await this.#ids(ends), walk)
  }

  async #startsAmong(starts: ReadonlySet<string>, ends: Filter, walk: Walk): Promise<ReadonlySet<string>> {
    const neighbours = await neighboursOf(this.#unit, starts, walk)
    const all = new Set([...neighbours.values()].flatMap((some) => [...some]))
    const reached = await this.#ids({ $and: [ends, anyOf(all)] })
    return new Set([...neighbours].filter(([, some]) => [...some].some((id) => reached.has(id))).map(([id]) => id))
  }

  async #onCycles(walk: Walk & { readonly hops: Hops }, scope: Filter): Promise<ReadonlySet<string>> {
    const records = await this.#ids(scope, cycleRecordsMax)
    return this.#trails.onCycles([...records], walk)
  }

  async #similar({ property, similarity, query, thresholds, unknown }: Similar, scope: Filter): Promise<Filter> {
    const near = new Set<string>()
    const where = { $and: [scope, hasProp('vector', property)] }
    for await (const page of pagesOf(
      this.#unit.records,
      { where, fields: [pathOf(property)], limit: vectorPageRows },
      this.#budget,
    ))
      for (const { id, data } of page) {
        const found = similarity.of(query, (data?.[storedName(property)] ?? []) as number[])
        if (found !== null && thresholds.every((threshold) => passes(found, threshold))) near.add(id)
      }
    return unknown ? { $or: [anyOf(near), unknown] } : anyOf(near)
  }

  async #ids(where: Filter, most = idsMax): Promise<ReadonlySet<string>> {
    const ids = new Set<string>()
    for await (const page of pagesOf(this.#unit.records, { where, fields: ['id'] }, this.#budget)) {
      for (const { id } of page) ids.add(id)
      if (ids.size > most)
        throw badRequest(`More than ${most} records have to be looked at for those related to them. Narrow the query.`)
    }
    return ids
  }
}

/** The records with these ids, or with one of them in another field. */
export function anyOf(ids: ReadonlySet<string>, field = 'id'): WhereInput {
  if (ids.size <= listMax) return { [field]: { $in: [...ids] } }
  return { $or: chunksOf([...ids], listMax).map((some): WhereInput => ({ [field]: { $in: some } })) }
}

/** Whether exactly one relationship is walked along. */
export function isOne(hops: Hops | undefined): hops is undefined {
  return hops === undefined || (hops.min === 1 && hops.max === 1)
}

function both(scope: Filter, filters: readonly Filter[]): Filter {
  return filters.length === 0 ? scope : { $and: [scope, ...filters] }
}

function isWalk(node: WhereNode): boolean {
  return node.kind === 'group' ? node.nodes.some(isWalk) : node.kind !== 'test'
}

function passes(value: number, threshold: Threshold): boolean {
  switch (threshold.op) {
    case '$gt':
      return value > threshold.value
    case '$gte':
      return value >= threshold.value
    case '$lt':
      return value < threshold.value
    case '$lte':
      return value <= threshold.value
    case '$ne':
      return value !== threshold.value
  }
}

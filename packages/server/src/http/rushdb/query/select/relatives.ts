import type { Filter } from 'quiverdb'
import type { Unit } from '../../project.js'
import { neighboursOf } from '../../relations/edges.js'
import type { StoredRecord } from '../../stored.js'
import type { Budget } from '../budget.js'
import { Graph } from '../graph.js'
import { pagesOf } from '../pages.js'
import { anyOf, isOne, WhereResolver } from '../resolve-where.js'
import { Trails } from '../trails.js'
import type { Block } from '../where-tree.js'
import type { Source } from './expression.js'
import { fieldsOf, type Needs } from './needs.js'

type ByParent = ReadonlyMap<string, readonly StoredRecord[]>

/** The related records of some that were found, by the record they are related to; the newest first. */
export class Relatives {
  readonly #loaded: ReadonlyMap<Source, ByParent>

  constructor(loaded: ReadonlyMap<Source, ByParent> = new Map()) {
    this.#loaded = loaded
  }

  of(source: Source, parent: StoredRecord): readonly StoredRecord[] {
    return this.#loaded.get(source)?.get(parent.id) ?? []
  }
}

export class RelativesLoader {
  readonly #unit: Unit
  readonly #budget: Budget
  readonly #resolver: WhereResolver
  readonly #filters = new Map<Block, Promise<Filter>>()

  constructor(unit: Unit, budget: Budget) {
    this.#unit = unit
    this.#budget = budget
    this.#resolver = new WhereResolver(unit, budget)
  }

  /** What the sources have for some records. @throws RushProblem 400: it is too much */
  async load(needs: Needs, roots: Iterable<string>): Promise<Relatives> {
    const loaded = new Map<Source, ByParent>()
    const rootIds = new Set(roots)
    for (const source of inOrder(needs.keys())) {
      const parents = source.parent?.block ? idsOf(loaded.get(source.parent)!) : rootIds
      loaded.set(source, await this.#loadOne(source.block!, parents, fieldsOf(needs, source)))
    }
    return new Relatives(loaded)
  }

  /** Looked up once, whatever the number of records. */
  #filterOf(block: Block): Promise<Filter> {
    let filter = this.#filters.get(block)
    if (!filter) this.#filters.set(block, (filter = this.#resolver.endsOf(block)))
    return filter
  }

  async #loadOne(block: Block, parents: ReadonlySet<string>, fields: readonly string[] | undefined): Promise<ByParent> {
    const { hops, ...walk } = block.walk
    const neighbours = isOne(hops)
      ? await neighboursOf(this.#unit, parents, walk)
      : await new Trails(new Graph(this.#unit, this.#budget), this.#budget).endsFrom(parents, { ...walk, hops })
    const all = new Set([...neighbours.values()].flatMap((some) => [...some]))
    if (all.size === 0) return new Map()
    const records = new Map<string, StoredRecord>()
    const where = { $and: [await this.#filterOf(block), anyOf(all)] }
    for await (const page of pagesOf(this.#unit.records, { where, ...(fields && { fields }) }, this.#budget))
      for (const record of page) records.set(record.id, record)
    const newestFirst = [...records.values()].reverse()
    const places = new Map(newestFirst.map(({ id }, place) => [id, place]))
    return new Map(
      [...neighbours].map(([parent, some]) => {
        const found = [...some].flatMap((id) => places.get(id) ?? []).sort((a, b) => a - b)
        return [parent, found.map((place) => newestFirst[place]!)]
      }),
    )
  }
}

/** Related records, parents first, those between that nobody names too. */
function inOrder(sources: Iterable<Source>): ReadonlySet<Source> {
  const ordered = new Set<Source>()
  const add = (source: Source): void => {
    if (!source.block) return
    if (source.parent) add(source.parent)
    ordered.add(source)
  }
  for (const source of sources) add(source)
  return ordered
}

function idsOf(byParent: ByParent): ReadonlySet<string> {
  return new Set([...byParent.values()].flatMap((some) => some.map(({ id }) => id)))
}

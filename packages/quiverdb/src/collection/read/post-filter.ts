import type { GraphPart } from '../../segment/graph-part.js'
import type { GraphSearchOptions } from '../../vector/resident-graph.js'
import { locationOf, nodeLocations } from './locations.js'
import type { RowFilter } from './matches.js'
import type { SearchPlan } from './plan.js'
import type { Found } from './ranking.js'

/** How much more is looked for when too few of the candidates matched. */
const refillFactor = 4

/** Candidates of a walk that match. */
export interface FoundMatching extends Found {
  readonly nodes: readonly number[]
  /** Candidates that the filter was asked about. */
  readonly candidates: number
  readonly complete: boolean
  /** The effort that it took at last. */
  readonly ef: number
}

/**
 * Walks a graph as without a filter and asks the filter about what was found, again with more effort until enough matches or all nodes were looked
 * at. @param most candidates that may be looked at
 */
export function walkThenFilter(
  plan: SearchPlan,
  filter: RowFilter,
  part: GraphPart,
  options: GraphSearchOptions,
  living: number,
  most: number,
): FoundMatching {
  const graph = part.graph()
  for (let ef = Math.min(options.ef, part.nodes); ; ef = Math.min(ef * refillFactor, part.nodes)) {
    const all = ef === part.nodes
    const found = graph.search(plan.query, { ...options, ef, keep: ef, least: all ? living : plan.count, bound: undefined })
    const candidates = Math.min(found.count, most)
    const chosen = matchingOf(plan, filter, part, found.nodes.slice(0, candidates))
    const isCut = candidates >= most && candidates < living
    if (chosen.length < plan.count && !all && !isCut && found.complete) continue
    return {
      nodes: chosen.map((place) => found.nodes[place]!),
      estimates: chosen.map((place) => found.estimates[place]!),
      count: chosen.length,
      candidates,
      complete: found.complete && !(isCut && chosen.length < plan.count),
      ef,
    }
  }
}

/** Places among the candidates. */
function matchingOf(plan: SearchPlan, filter: RowFilter, part: GraphPart, nodes: readonly number[]): number[] {
  const locations = nodeLocations(plan, part, nodes)
  const chosen: number[] = []
  for (let place = 0; place < nodes.length; place++) {
    const row = locationOf(locations, place)
    if (row && filter.matches(row.state, row.slot)) chosen.push(place)
  }
  return chosen
}

import type { GraphPart } from '../../segment/graph-part.js'
import type { RowLocation, SetState } from '../version/directory.js'
import type { CollectionState } from '../version/state.js'
import type { SearchPlan } from './plan.js'

/** Where the living rows behind the candidates of a walk or scan are. */
export interface Locations {
  /** The sets that may hold them. */
  readonly sets: readonly SetState[]
  /** The living row of the set at a place in `sets` that is behind a candidate, or -1. */
  slotIn(place: number, candidate: number): number
  /** By set: the node that its first row is, where the nodes are the rows of these sets one after the other. */
  readonly starts?: readonly number[]
}

export function locationOf(locations: Locations, candidate: number): RowLocation | undefined {
  for (let i = 0; i < locations.sets.length; i++) {
    const slot = locations.slotIn(i, candidate)
    if (slot >= 0) return { state: locations.sets[i]!, slot }
  }
  return undefined
}

/** The rows behind nodes of a graph. */
export function nodeLocations(plan: SearchPlan, part: GraphPart, nodes: readonly number[]): Locations {
  const { sets } = plan.collection
  const starts = startsOf(plan, part)
  if (starts) {
    return {
      sets,
      starts,
      slotIn(place, candidate) {
        const slot = nodes[candidate]! - starts[place]!
        const { rows, dead } = sets[place]!
        return slot >= 0 && slot < rows && !dead.has(slot) ? slot : -1
      },
    }
  }
  const vids = part.vids()
  const lookups = sets.map(({ set }) => plan.index.index.vids(set))
  return {
    sets,
    slotIn(place, candidate) {
      const node = nodes[candidate]!
      return lookups[place]?.slotOf(vids[node]!, sets[place]!, node) ?? -1
    },
  }
}

const startsByVersion = new WeakMap<CollectionState, Map<GraphPart, readonly number[] | undefined>>()

/**
 * For each set, the node that its first row is, where a graph's nodes are the rows of some sets one after the other and of no others: a graph that
 * was built of whole parts. Then rows need not be looked up by their vectors' numbers. A vector that a later row has taken over, since only
 * fields changed, is in another set too: with rows in memory, or sets that are none of the graph's, nothing is said.
 */
function startsOf({ collection, index }: SearchPlan, part: GraphPart): readonly number[] | undefined {
  let known = startsByVersion.get(collection)
  if (!known) startsByVersion.set(collection, (known = new Map()))
  if (known.has(part)) return known.get(part)
  const vids = part.vids()
  const ascend = part.ascendingVids() !== undefined
  const starts: number[] = []
  let start = 0
  for (const { set, rows } of collection.sets) {
    if (rows > 0 && !index.index.vids(set)?.isOrderOf(vids, start, ascend)) break
    starts.push(start)
    start += rows
  }
  const found = start === vids.length && starts.length === collection.sets.length ? starts : undefined
  known.set(part, found)
  return found
}

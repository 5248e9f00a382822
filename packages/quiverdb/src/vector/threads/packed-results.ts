import type { GraphSearchResult } from '../resident-graph.js'

/** What several searches found, in few arrays: a message costs by their number. */
export interface PackedResults {
  /** Per search: how many nodes were found, how many distances computed, whether it was completed, and its place among `ways`. */
  readonly heads: Uint32Array<ArrayBuffer>
  readonly nodes: Uint32Array<ArrayBuffer>
  readonly estimates: Float64Array<ArrayBuffer>
}

const headWords = 4
const ways = [undefined, 'scan', 'sketch'] as const

export function packResults(results: readonly GraphSearchResult[]): PackedResults {
  const total = results.reduce((sum, { count }) => sum + count, 0)
  const packed = {
    heads: new Uint32Array(headWords * results.length),
    nodes: new Uint32Array(total),
    estimates: new Float64Array(total),
  }
  let at = 0
  results.forEach(({ nodes, estimates, count, evaluations, complete, way }, i) => {
    packed.heads.set([count, evaluations, complete ? 1 : 0, ways.indexOf(way)], headWords * i)
    packed.nodes.set(nodes, at)
    packed.estimates.set(estimates, at)
    at += count
  })
  return packed
}

export function unpackResults({ heads, nodes, estimates }: PackedResults): GraphSearchResult[] {
  let at = 0
  return Array.from({ length: heads.length / headWords }, (_, i) => {
    const [count, evaluations, complete, wayPlace] = heads.subarray(headWords * i)
    const way = ways[wayPlace!]
    const [start, end] = [at, (at += count!)]
    return {
      nodes: Array.from(nodes.subarray(start, end)),
      estimates: Array.from(estimates.subarray(start, end)),
      count: count!,
      evaluations: evaluations!,
      complete: complete === 1,
      ...(way && { way }),
    }
  })
}

// The true neighbours of a row by the codes, and walks that look for them: what a graph's recall is measured with.
import { decodeRow } from './blocks'
import { isGone } from './gone'
import { keyOf, maxHeapPush, maxHeapReplace, maxHeapSort } from './keys'
import { codesFloat32, Graph, metaExtra, metaNorm2, metaSum, Walk } from './layout'
import { distance4 } from './rows'
import { fillTable } from './signs'
import { rowOf } from './walk'

/** Bytes of the meta numbers of a row of 7-bit codes, which has one more than others. */
const rowMetaBytes: usize = metaSum + 4

function nearest<T>(graph: Graph, query: usize, k: i32, heap: usize): i32 {
  const bytes = <usize>graph.codeBytes, nodes = <u32>graph.nodes
  let count: i32 = 0
  for (let node: u32 = 0; node < nodes; node += 4) {
    const last = nodes - 1, a = node, b = min(node + 1, last), c = min(node + 2, last), d = min(node + 3, last)
    const r = distance4<T>(query, rowOf(graph, a), rowOf(graph, b), rowOf(graph, c), rowOf(graph, d), bytes)
    for (let lane: u32 = 0; lane < 4 && node + lane < nodes; lane++) {
      const distance = lane == 0 ? f32x4.extract_lane(r, 0) : lane == 1 ? f32x4.extract_lane(r, 1) : lane == 2 ? f32x4.extract_lane(r, 2) : f32x4.extract_lane(r, 3)
      const key = keyOf(distance, node + lane)
      if (count == k && key >= load<i64>(heap)) continue
      if (isGone(graph, node + lane)) continue
      if (count < k) { maxHeapPush(heap, count, key); count++ } else maxHeapReplace(heap, k, key)
    }
  }
  maxHeapSort(heap, count)
  return count
}

/** The k rows nearest to the encoded row at `query`, gone ones left out, as ascending keys in `heap`. Returns how many. */
export function nearestRows(graphPointer: usize, query: usize, k: i32, heap: usize): i32 {
  const graph = changetype<Graph>(graphPointer)
  return graph.codesKind == codesFloat32 ? nearest<f32>(graph, query, k, heap) : nearest<u8>(graph, query, k, heap)
}

/** Copies an encoded row as the query that its vector would be, whose added coordinate is zero whatever the row's is. */
export function rowAsQuery(graphPointer: usize, row: usize, target: usize): void {
  const meta = target + <usize>changetype<Graph>(graphPointer).codeBytes
  memory.copy(target, row, <usize>changetype<Graph>(graphPointer).codeBytes + rowMetaBytes)
  const extra = load<f32>(meta, metaExtra)
  store<f32>(meta, load<f32>(meta, metaNorm2) - extra * extra, metaNorm2)
  store<f32>(meta, 0, metaExtra)
}

/** Makes an encoded row the query of a walk whose address is set. `staging` has room for as many float32 as a row has codes. */
export function searchRow(graphPointer: usize, walkPointer: usize, row: usize, staging: usize): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), bytes = graph.codeBytes
  rowAsQuery(graphPointer, row, walk.query)
  if (!walk.table) return
  decodeRow(row, <usize>bytes, staging)
  walk.numbers = staging
  walk.step = fillTable(staging, bytes, walk.table, walkPointer + offsetof<Walk>('half'))
}

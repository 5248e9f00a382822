// Locks of a graph that several threads build at once. Only who writes a list takes one (as in hnswlib, whose readers lock too); here
// readers take none, because a list is well-formed at every moment: each of its places holds a node that is linked, or `none`.
import { Graph, none } from './layout'

/** Locks are shared by nodes whose numbers agree in their low bits. A power of two. */
const nodeLocks: u32 = 4096
/** Looks at a taken lock before the thread sleeps: its owner may have been taken off its core. */
const spinsMax: i32 = 2000
const sleepNs: i64 = 50_000

/** Bytes of the locks of a graph: the entry's, then the nodes'. */
export function lockBytes(): u32 {
  return (nodeLocks + 1) << 2
}

function acquire(lock: usize): void {
  let spins: i32 = 0
  while (atomic.cmpxchg<i32>(lock, 0, 1)) {
    while (atomic.load<i32>(lock)) if (++spins > spinsMax) atomic.wait<i32>(lock, 1, sleepNs)
  }
}

// @ts-ignore: decorator
@inline
function lockOf(graph: Graph, id: u32): usize {
  return graph.locks + (<usize>((id & (nodeLocks - 1)) + 1) << 2)
}

/** Until `unlockNode`, no other thread writes the node's lists. Does nothing in a graph of one thread. */
// @ts-ignore: decorator
@inline
export function lockNode(graph: Graph, id: u32): void {
  if (graph.locks) acquire(lockOf(graph, id))
}
// @ts-ignore: decorator
@inline
export function unlockNode(graph: Graph, id: u32): void {
  if (graph.locks) atomic.store<i32>(lockOf(graph, id), 0)
}

/** Until `unlockEntry`, no other thread changes the graph's entry. */
// @ts-ignore: decorator
@inline
export function lockEntry(graph: Graph): void {
  if (graph.locks) acquire(graph.locks)
}
// @ts-ignore: decorator
@inline
export function unlockEntry(graph: Graph): void {
  if (graph.locks) atomic.store<i32>(graph.locks, 0)
}

/** Changes the entry; who comes to it sees all of its lists. */
// @ts-ignore: decorator
@inline
export function publishEntry(graph: Graph, entry: i32): void {
  atomic.store<i32>(changetype<usize>(graph) + offsetof<Graph>("entry"), entry)
}

/** Writes a link; who follows it sees all that its thread wrote before. */
// @ts-ignore: decorator
@inline
export function publishLink(at: usize, id: u32): void {
  atomic.store<u32>(at, id)
}

/** Replaces a list that other threads may be reading: each sees nodes of the old list or of the new one. */
export function publishList(links: usize, chosen: usize, n: i32, degree: i32): void {
  for (let i: i32 = 0; i < n; i++) publishLink(links + (<usize>i << 2), load<u32>(chosen + (<usize>i << 2)))
  for (let i = n; i < degree; i++) publishLink(links + (<usize>i << 2), none)
}

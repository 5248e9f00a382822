import { binaries } from '#binary'
import { type KernelMemory, type KernelModule, webAssembly } from './webassembly.js'

/**
 * The kernel's functions over one memory. All pointers and sizes are byte counts (u32; negative numbers are read modulo 2^32);
 * structures are described by the layouts of this package. A kernel keeps no state outside the addresses that it is given.
 */
export interface KernelExports {
  /** XXH64 of a byte range, as a signed 64-bit number. */
  xxh64(pointer: number, length: number, seed: bigint): bigint

  /** Adds the coordinates of tightly packed float32 vectors (normalised first for transform 1) to float64 sums. */
  addToSums(source: number, count: number, dimensions: number, transform: number, sums: number): void
  /** The greatest squared norm of tightly packed float32 vectors. */
  greatestSquaredNorm(source: number, count: number, dimensions: number): number
  /** The squared norm of one float32 vector. */
  squaredNorm(source: number, dimensions: number): number
  /**
   * Encodes one vector. `signs`: of the rotation, for 7-bit codes. `staging` has room for the dimensions, rounded up to 16, in float64 and in
   * float32, and 16 bytes more. Returns its squared norm.
   */
  encodeRow(
    source: number,
    dimensions: number,
    transform: number,
    phi: number,
    centre: number,
    signs: number,
    target: number,
    codesKind: number,
    codeBytes: number,
    staging: number,
  ): number
  /** Encodes tightly packed vectors into rows of `stride` bytes. Returns the greatest squared norm. */
  encodeRows(
    source: number,
    count: number,
    dimensions: number,
    transform: number,
    phi: number,
    centre: number,
    signs: number,
    target: number,
    stride: number,
    codesKind: number,
    codeBytes: number,
    staging: number,
  ): number

  /** Encodes vectors as rows of 16-bit codes; `numbers`: the dimensions, rounded up to 16. */
  encodeRerankRows(
    source: number,
    count: number,
    dimensions: number,
    transform: number,
    phi: number,
    centre: number,
    signs: number,
    target: number,
    stride: number,
    numbers: number,
    staging: number,
  ): void

  /** On how many upper levels a node lives. */
  levelOf(node: number, seed: number, m: number): number
  /** Bytes of upper links that a range of nodes needs. */
  upperBytes(from: number, to: number, seed: number, m: number): number
  /** Draws levels, places upper lists from byte `offset` on, and empties all lists of a range of nodes. */
  prepareNodes(graph: number, from: number, to: number, offset: number): void
  /**
   * Inserts prepared and encoded nodes. The walk is narrow and its ef is the graph's efConstruction. Several threads may insert at once
   * into a graph with locks, each with a walk and a selection of its own; they leave the count of nodes to their coordinator.
   */
  insertNodes(graph: number, walk: number, selection: number, from: number, to: number): void

  /** Counts nodes that cannot be reached from the entry on level 0. `parents` and `queue`: one u32 per node. */
  audit(graph: number, parents: number, queue: number): number
  /** Makes every node reachable; returns how many had to be attached. */
  repair(graph: number, walk: number, selection: number, parents: number, queue: number): number

  /** Takes the vector out of a node and repairs the lists around it. The graph has a set of gone nodes. */
  deleteNode(graph: number, walk: number, selection: number, node: number): void
  /** Cuts links of a range of nodes to gone ones. Writes nodes (u32) that have few links left; returns how many. */
  sweepNodes(graph: number, selection: number, from: number, to: number, poor: number): number
  /** Empties the lists of a gone node that nothing links to. */
  clearNode(graph: number, node: number): void
  /** Inserts the encoded vector of a cleared node. Returns the length of its list on level 0. */
  insertNode(graph: number, walk: number, selection: number, node: number): number
  /** Chooses the lists of a node anew. */
  reconnectNode(graph: number, walk: number, selection: number, node: number): void
  /** Makes a node that holds a vector, on the highest level there is, the entry; -1 when there is none. */
  chooseEntry(graph: number): void

  /** Makes the blocks of a range of nodes whose rows and links are in place. */
  packBlocks(graph: number, from: number, to: number): void

  /** Sketches a range of a graph's rows in groups as blocks have, but around the centre. `staging`: as many float32 as a row has codes. */
  sketchNodes(graph: number, groups: number, from: number, to: number, staging: number): void
  /**
   * Writes estimates (float32) of graph distances for whole groups of rows, the first of which is at `out`: Infinity where the walk does not allow them.
   * The walk's query and table are set.
   */
  sketchDistances(graph: number, walk: number, groups: number, from: number, to: number, out: number): void
  /** Makes the rows of a bitset what a walk has found, the nearest by their codes. */
  rankSketched(graph: number, walk: number, kept: number): void

  /** Finds the k rows nearest to an encoded one, gone ones left out: ascending keys. Returns how many. */
  nearestRows(graph: number, query: number, k: number, heap: number): number
  /** Copies an encoded row as the query that its vector would be: the added coordinate is zero. */
  rowAsQuery(graph: number, row: number, target: number): void
  /** Makes an encoded row, as `rowAsQuery` does, the query of a walk whose address is set. `staging`: as many float32 as a row has codes. */
  searchRow(graph: number, walk: number, row: number, staging: number): void

  /** Encodes a query for a walk whose address is set, and makes its table where it has one. Returns its squared norm. */
  searchQuery(graph: number, walk: number, source: number, transform: number, centre: number, staging: number): number
  /** Descends to level 0. The walk's addresses and ef are set. */
  searchBegin(graph: number, walk: number): void
  /** Goes on for about `evaluationsMax` distances. Returns 1 when done, else 0. */
  searchStep(graph: number, walk: number, evaluationsMax: number): number
  /** Begins a walk among allowed nodes. The walk's addresses are set. Returns 1 when there are matches around the query. See assembly/filtered.ts. */
  filteredBegin(
    graph: number,
    walk: number,
    seeds: number,
    seedCount: number,
    share: number,
    near: number,
    far: number,
    ahead: number,
  ): number
  /** As searchStep, of a walk that filteredBegin began. */
  filteredStep(graph: number, walk: number, evaluationsMax: number): number
  /** Orders the nearest `count` of what a walk over rows found by their 16-bit codes; the rest is left out. */
  searchRerank(graph: number, walk: number, rows: number, stride: number, count: number): void
  /** Writes the nearest nodes (u32) and scale * distance + shift (float64); ends the walk. Returns how many. */
  searchResults(walk: number, limit: number, nodes: number, distances: number, scale: number, shift: number): number

  /** Goes on for about `evaluationsMax` rows. Returns 1 when done, 0 to go on, 2 when the candidates need more room. */
  scanStep(scan: number, evaluationsMax: number): number
  /** Drops candidates that the bound excludes; returns how many remain. */
  scanPrune(scan: number): number
  /** Writes candidates by ascending estimate: rows (u32), estimates and lower bounds (float64). `keys`: one key each. */
  scanResults(scan: number, keys: number, rows: number, estimates: number, lowers: number): void

  /** Draws the signs of a rotation of n numbers: n float32 for each round. */
  rotationSigns(signs: number, n: number, rounds: number): void
  /** Makes the mean of the first `count` rows the centre of the sketches. */
  sketchCentre(sketch: number, count: number): void
  /** Sketches a range of rows. */
  sketchRows(sketch: number, from: number, to: number): void
  /** Prepares estimates for an encoded query. */
  sketchQuery(sketch: number, query: number): void
  /** Writes estimates (float32) for whole groups of rows, Infinity where not allowed. `allowed`: a bitset of whole words, or 0. */
  sketchEstimates(sketch: number, count: number, allowed: number, out: number): void
  /** How many estimates are at most `limit`. */
  sketchRank(estimates: number, count: number, limit: number): number
  /**
   * Writes a bitset, of whole words, of the rows with the smallest estimates that are at most `limit`: from `wanted` to about `most`, more
   * when rows tie. Returns how many, or -1 when an estimate is not a number.
   */
  sketchKeep(estimates: number, count: number, wanted: number, most: number, limit: number, kept: number): number

  /** Bytes of the locks of a graph that several threads build. All zeros is their beginning. */
  lockBytes(): number

  /** Exact float64 distances of a float32 query to rows `stride` bytes apart. */
  exactDistances(query: number, rows: number, stride: number, count: number, dimensions: number, mode: number, out: number): void
  /**
   * Scores candidates (u32 addresses of float32 rows, float64 estimates) in the order of their estimates until none behind can be among the k
   * nearest, the first `first` in any case. `outcome`: two float64, the distance not to exceed and the error seen of estimates; then the error
   * seen. Returns how many were scored.
   */
  rankExact(
    query: number,
    addresses: number,
    estimates: number,
    count: number,
    first: number,
    k: number,
    dimensions: number,
    mode: number,
    heap: number,
    outcome: number,
    out: number,
  ): number
  /**
   * Writes the addresses (u32) of u32 nodes that are the rows of `pieces`, one after the other: for each, three u32, its first node, the address of that
   * row and the bytes from row to row.
   */
  rowAddresses(nodes: number, count: number, pieces: number, pieceCount: number, addresses: number): void

  /** Writes what an exact scan has to know of float32 rows `stride` bytes apart. */
  flatFacts(rows: number, stride: number, count: number, dimensions: number, facts: number): void
  /** Prepares an exact scan whose fields and queries are set. */
  flatBegin(flat: number): void
  /** Goes on for about `rowsMax` rows. Returns 1 when all are scanned, else 0. */
  flatStep(flat: number, rowsMax: number): number
  /** Writes the best of one query: rows (u32) and keys (float64, smaller is better). Returns how many; ends the scan for this query. */
  flatResults(flat: number, query: number, rows: number, keys: number): number
}

// (module (func (result v128) i32.const 0 i8x16.splat)): valid only where SIMD is.
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
])

// The same with i32x4.relaxed_dot_i8x16_i7x16_add_s: valid only where relaxed SIMD is.
const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253,
  15, 253, 147, 2, 11,
])

/** Flags of a memory import: it has a maximum; it has one and is shared. */
const memoryFlags = Object.freeze({ unshared: 1, shared: 3 })

/** Instructions that a kernel is compiled to. `relaxed` is faster where there is hardware for it. Both give the same results, bit for bit. */
export type Instructions = 'plain' | 'relaxed'

interface KernelFlavour extends MemorySharing {
  /** Default: `relaxed` where the runtime has relaxed SIMD. */
  readonly instructions?: Instructions
}

const compiled = new Map<string, Promise<KernelModule>>()

/**
 * Compiles the kernel, once per process and flavour: a module works over memories that are shared between threads, or over memories that
 * are not. @throws Error on a runtime without WebAssembly SIMD.
 */
export function loadKernel({ shared = false, instructions = bestInstructions() }: KernelFlavour = {}): Promise<KernelModule> {
  const flavour = `${instructions} ${shared}`
  const present = compiled.get(flavour) ?? compile(shared, instructions)
  compiled.set(flavour, present)
  return present
}

/** Before this, Node had relaxed SIMD behind a flag only, and its optimised code gave wrong results. */
const relaxedNodeMin = 22

/** Undefined outside of Node, and of what calls itself so. */
const nodeVersion = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node

/** The fastest instructions of this runtime. */
export function bestInstructions(): Instructions {
  if (nodeVersion !== undefined && Number.parseInt(nodeVersion) < relaxedNodeMin) return 'plain'
  return webAssembly?.validate(relaxedProbe) ? 'relaxed' : 'plain'
}

export interface MemorySharing {
  /** Whether several threads use the memory. Default: false. */
  readonly shared?: boolean
}

async function compile(shared: boolean, instructions: Instructions): Promise<KernelModule> {
  if (!webAssembly?.validate(simdProbe)) {
    throw new Error('This JavaScript runtime has no WebAssembly SIMD, which Quiver needs. Node 20 and current browsers have it.')
  }
  const { base64, memoryFlagOffset } = binaries[instructions]
  const bytes = decoded(base64)
  bytes[memoryFlagOffset] = shared ? memoryFlags.shared : memoryFlags.unshared
  // Functions are then compiled when they are first called: a millisecond instead of ten. A page may not do so, which would wait meanwhile.
  return nodeVersion === undefined ? webAssembly.compile(bytes) : new webAssembly.Module(bytes)
}

function decoded(base64: string): Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { from(text: string, encoding: 'base64'): Uint8Array } }
  if (Buffer && nodeVersion !== undefined) return Buffer.from(base64, 'base64')
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Whether memory can be shared between threads here: a browser tab has to be isolated (COOP and COEP headers). */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer === 'function'
}

/** A memory that starts with `initialBytes` and can grow to `maximumBytes` (at most 4 GiB). @throws RangeError when refused. */
export function createMemory(initialBytes: number, maximumBytes: number, { shared = false }: MemorySharing = {}): KernelMemory {
  if (!webAssembly) throw new Error('This JavaScript runtime has no WebAssembly.')
  const [initial, maximum] = [initialBytes, maximumBytes].map((bytes) => Math.ceil(bytes / pageBytes)) as [number, number]
  return new webAssembly.Memory({ initial, maximum, shared })
}

/** Size of a WebAssembly page. */
export const pageBytes = 65_536

/** Puts a node's list on a level in its place, and the rows of all that it names. Called only for a graph that is marked as partial; what it throws ends the walk. */
export type BringList = (graph: number, node: number, level: number) => void

/** Binds a compiled kernel to a memory. The first 64 KiB of it are the kernel's own. */
export function instantiateKernel(module: KernelModule, memory: KernelMemory, bring: BringList = bringNothing): KernelExports {
  if (!webAssembly) throw new Error('This JavaScript runtime has no WebAssembly.')
  const imported: BringList = (graph, node, level) => bring(graph >>> 0, node >>> 0, level)
  return new webAssembly.Instance(module, { env: { memory, bring: imported } }).exports as KernelExports
}

function bringNothing(): never {
  throw new Error('This kernel walks no graph that is only partly there.')
}

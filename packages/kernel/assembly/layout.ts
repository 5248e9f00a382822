// The structures that both sides of the boundary share. Every field is four bytes, so a field's index is its place in the
// declaration: src/layout.ts lists the same names in the same order.

/** Ends a neighbour list, and marks an absent node. */
export const none: u32 = 0xffffffff

// Numbers behind the codes of a row, all float32.
export const metaScale: usize = 0
/** Squared norm of the decoded vector, plus the residual squared, plus the extra coordinate squared. */
export const metaNorm2: usize = 4
/** In a graph: the extra coordinate, which is not coded. In a plain block: the squared norm of the vector itself. */
export const metaExtra: usize = 8
/** Norm of what the codes miss. */
export const metaResidual: usize = 12
/** Behind 7-bit codes: the sum of the codes, an i32. */
export const metaSum: usize = 16

/** Signed codes of 8 bits, of a plain block. */
export const codesInt8: i32 = 0
/** The numbers themselves. */
export const codesFloat32: i32 = 1
/** Codes of 7 bits, from 1 to 127, of the rotated vector. */
export const codesInt7: i32 = 2

/** Transforms of a source vector into graph space. */
export const transformNone: i32 = 0
/** To unit length; the zero vector becomes the unit vector of the extra axis. */
export const transformNormalise: i32 = 1
/** Extra coordinate sqrt(phi^2 - ||x||^2), which makes all vectors equally long. */
export const transformAugment: i32 = 2
/** None, for a plain block: the row's third number is its own squared norm. */
export const transformPlain: i32 = 3

/** A graph: where its sections are and what its parameters are. */
@unmanaged
export class Graph {
  nodes: i32
  capacity: i32
  dimensions: i32
  /** codesFloat32 or codesInt7. */
  codesKind: i32
  m: i32
  m0: i32
  efConstruction: i32
  /** Node where every descent begins; -1 in an empty graph. */
  entry: i32
  maxLevel: i32
  stride: i32
  /** Bytes of a row before its meta numbers. */
  codeBytes: i32
  codes: usize
  /** m0 node numbers per node, ended by `none` when fewer. */
  links: usize
  /** One byte per node: on how many upper levels it lives. */
  levels: usize
  /** One u32 per node: byte offset of its first upper list in upperLinks. */
  upperOffsets: usize
  upperLinks: usize
  seed: u32
  /** While several threads build the graph: its locks (see locks.ts). Else 0. */
  locks: usize
  /** Bitset over `capacity` nodes that hold no vector: deleted, or never filled. 0: there are none. */
  gone: usize
  /** Bytes from list to list on level 0. */
  linkStride: i32
  /**
   * Where the signs of a node's neighbours begin in its block, after its row; 0 in a graph without blocks. Per 32 links: 4 * codeBytes bytes of
   * signs of (neighbour - node), then for each two float32 of its estimate (see blocks.ts).
   */
  groupsOffset: i32
  /** Signs of the rotation; 0 where rows are not rotated. */
  signs: usize
  /** Not 0: rows and lists of level 0 come when a walk asks for them (see bring.ts). */
  partial: i32
  /** In a graph with blocks: a graph of the rows from the start level up, close together. Or 0. */
  upper: usize
  /** In such a graph: u32, its nodes in the whole one. */
  names: usize
}

/** One walk over a graph. It can be left and resumed, so all that it knows is here. */
@unmanaged
export class Walk {
  /** Encoded like a row of the graph. */
  query: usize
  ef: i32
  /** Bitset over nodes that may be returned; 0 allows all. */
  allowed: usize
  /** One u16 per node; a node was seen when it holds the epoch. */
  visited: usize
  visitedNodes: i32
  epoch: u32
  /** ef + 1 keys: the results, and in a narrow walk also what is left to expand. */
  pool: usize
  /** In a wide walk: as many keys as the graph has nodes. 0 in a narrow walk. */
  frontier: usize
  /** Room for the neighbours of one node and three more. */
  batch: usize
  count: i32
  frontierCount: i32
  /** In a narrow walk: the first pool entry that may be unexpanded. */
  cursor: i32
  worst: f32
  evaluations: i32
  done: i32
  /** Keeps early loads alive. */
  sink: i32
  /** A narrow walk that has expanded its `patience` nearest ends at a node farther than this. */
  bound: f32
  patience: i32
  /** Of a walk over blocks, or a look at sketches: the query's table of 4 * codeBytes bytes, and the step and half of its agreements. Or 0. */
  table: usize
  step: f32
  half: f32
  /** Room for the sums, the estimates and the keys of one group: 512 bytes. */
  estimates: usize
  /** The query's rotated numbers, float32. */
  numbers: usize
  /** `resultsMax` + 1 keys: expanded nodes of a walk over blocks by the distance of their codes, or what was re-ranked. */
  results: usize
  resultsMax: i32
  resultCount: i32
  /** A walk over blocks expands nodes only while they are among so many best. */
  expand: i32
  /** Whether the results, and not the pool, are the answer. */
  ranked: i32
  /** Of a walk among allowed nodes: `bridgesMax` keys of neighbours that are not allowed, and from a node with fewer allowed ones it looks over so many in all. */
  bridges: usize
  bridgesMax: i32
  bridgeCount: i32
  /** In blocks: whether what lies behind a bridge is looked at by rows, since few of its neighbours are allowed. */
  bridgesByRows: i32
}

/** One scan over a block of rows; resumable. */
@unmanaged
export class Scan {
  rows: usize
  stride: i32
  codeBytes: i32
  codesKind: i32
  count: i32
  /** Over a plain block 0: squared L2, 1: negative dot product, 2: cosine distance with a unit query. 3: squared L2 over a graph's rows. */
  mode: i32
  query: usize
  allowed: usize
  k: i32
  /** k keys. */
  heap: usize
  heapCount: i32
  /** Rows whose lower bound is above this cannot be among the k nearest. */
  bound: f32
  /** 16 bytes each: lower bound, upper bound, estimate, row. */
  candidates: usize
  capacity: i32
  candidateCount: i32
  position: i32
  /** metric distance = scale * computed + shift, with the shift rounded both ways. */
  scale: f32
  lowerShift: f32
  upperShift: f32
  evaluations: i32
}

/** One-bit sketches of the rows of a block, in groups of 32, and a query prepared for them. */
@unmanaged
export class Sketch {
  /** As in a scan over a plain block. */
  mode: i32
  /** Dimensions, padded: bytes of the codes of a row. */
  n: i32
  rows: usize
  stride: i32
  /** n float32. */
  centre: usize
  /** 2 n float32. */
  signs: usize
  /** Room for n float32. */
  work: usize
  /** Per group: 4 n bytes of signs; 32 float32 of |x - c|^2, or of c(x - c) unless the mode is l2; 32 float32 of |x - c|^2 / sum|x - c|. */
  groups: usize
  groupBytes: i32
  /** Of the query, 4 n bytes. */
  table: usize
  /** estimate = base + first * (first number of the row) + second * (second number) * (agreement - half). */
  base: f32
  first: f32
  second: f32
  half: f32
  queryNorm: f32
}

/** One exact scan over float32 rows for one or more queries; resumable. */
@unmanaged
export class Flat {
  rows: usize
  stride: i32
  dimensions: i32
  count: i32
  /** 24 bytes per row, see flat.ts. */
  facts: usize
  /** Bitset over rows; 0 allows all. */
  allowed: usize
  measure: i32
  /** Of a composite measure, three float64: of the cosine, of the structure, of the magnitude. */
  weights: usize
  k: i32
  /** One FlatQuery each. */
  queries: usize
  queryCount: i32
  position: i32
  /** Rows that every query has met. */
  evaluations: i32
}

/** A query of such a scan. */
@unmanaged
export class FlatQuery {
  /** As long as a row, zeros behind the dimensions. */
  vector: usize
  /** Room for k entries of a ranking. */
  heap: usize
  heapCount: i32
  /** How many of its numbers are not zero. */
  nonZeros: i32
  /** Four float64 (squared norm; sum of magnitudes; an estimate below first + second * x, with x a length of the row, is worth no exact look), and room. */
  numbers: usize
}

// What an exact scan knows of a row before it looks at it: squared norm and sum of magnitudes (f64), how many numbers are not zero (u32).
export const factNorm2: usize = 0
export const factMagnitude: usize = 8
export const factNonZeros: usize = 16
export const factBytes: usize = 24

// Places among the numbers of a query: squared norm, sum of magnitudes, the bar for estimates; room for eight estimates.
export const queryNorm2: usize = 0
export const queryMagnitude: usize = 8
export const queryBarFirst: usize = 16
export const queryBarSecond: usize = 24
export const queryRoom: usize = 32

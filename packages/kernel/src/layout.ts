// The structures of assembly/layout.ts, field by field in the same order. Every field takes four bytes.

const fieldBytes = 4

function structure<const Name extends string>(names: readonly Name[]) {
  const index = Object.fromEntries(names.map((name, position) => [name, position])) as Record<Name, number>
  return Object.freeze({
    /** Place of each field, in units of four bytes. */
    index: Object.freeze(index),
    bytes: names.length * fieldBytes,
  })
}

/** A graph: where its sections are and what its parameters are. */
export const graphLayout = structure([
  'nodes',
  'capacity',
  'dimensions',
  'codesKind',
  'm',
  'm0',
  'efConstruction',
  'entry',
  'maxLevel',
  'stride',
  'codeBytes',
  'codes',
  'links',
  'levels',
  'upperOffsets',
  'upperLinks',
  'seed',
  'locks',
  'gone',
  'linkStride',
  'groupsOffset',
  'signs',
  'partial',
  'upper',
  'names',
])

/** One walk over a graph. `worst`, `bound`, `step` and `half` are float32; all others are integers. */
export const walkLayout = structure([
  'query',
  'ef',
  'allowed',
  'visited',
  'visitedNodes',
  'epoch',
  'pool',
  'frontier',
  'batch',
  'count',
  'frontierCount',
  'cursor',
  'worst',
  'evaluations',
  'done',
  'sink',
  'bound',
  'patience',
  'table',
  'step',
  'half',
  'estimates',
  'numbers',
  'results',
  'resultsMax',
  'resultCount',
  'expand',
  'ranked',
  'bridges',
  'bridgesMax',
  'bridgeCount',
  'bridgesByRows',
])

/** One scan over rows. `bound`, `scale`, `lowerShift` and `upperShift` are float32; all others are integers. */
export const scanLayout = structure([
  'rows',
  'stride',
  'codeBytes',
  'codesKind',
  'count',
  'mode',
  'query',
  'allowed',
  'k',
  'heap',
  'heapCount',
  'bound',
  'candidates',
  'capacity',
  'candidateCount',
  'position',
  'scale',
  'lowerShift',
  'upperShift',
  'evaluations',
])

/** One-bit sketches of a block and a query prepared for them. `base`, `first`, `second`, `half` and `queryNorm` are float32; all others are integers. */
export const sketchLayout = structure([
  'mode',
  'n',
  'rows',
  'stride',
  'centre',
  'signs',
  'work',
  'groups',
  'groupBytes',
  'table',
  'base',
  'first',
  'second',
  'half',
  'queryNorm',
])

/** Rows whose sketches lie together. */
export const sketchGroupRows = 32

/** Addresses of the room that the choice of neighbours needs. */
export const selectionLayout = structure(['chosen', 'spare', 'sorted', 'kept', 'offered', 'candidates', 'fresh'])

/** Levels that a node can live on, with level 0. */
export const levelsMax = 16

/** The level that walks over blocks start from. */
export const blockStartLevel = 2

/** Lists of M0 node numbers that `offered` and `candidates` of a selection have room for; at least 50 numbers. */
export const offeredLists = 8

/**
 * Bytes of the numbers behind the codes of a row, each float32: scale; squared norm of the decoded vector plus the residual squared plus the
 * extra coordinate squared; in a graph the extra coordinate, in a plain block the squared norm of the vector; norm of the residual.
 */
export const metaBytes = 16

/** The same behind 7-bit codes, whose sum (i32) is the fifth. */
export const metaBytesInt7 = 20

/** Rounds of the rotation behind 7-bit codes, and behind sketches. */
export const rotationRounds = 2

/** Room for the sums, the estimates and the keys of a group of neighbours. */
export const groupEstimatesBytes = 512

/** The numbers behind the signs of 32 neighbours. */
export const groupNumbersBytes = 256

/** One candidate of a scan: lower bound, upper bound, estimate (float32), row (u32). */
export const scanCandidateBytes = 16

/** One key of a pool or heap. */
export const keyBytes = 8

/** Addresses below this belong to the kernel itself. */
export const reservedBytes = 65_536

/** Ends a neighbour list. */
export const noNode = 0xffffffff

/** Distances of exact scores and of scans over plain codes; a scan over a graph's rows has its own. */
export const modes = Object.freeze({ l2: 0, dot: 1, cosine: 2, graph: 3 })

/** How a vector gets into graph space. */
export const transforms = Object.freeze({ none: 0, normalise: 1, augment: 2, plain: 3 })

/** What a row holds before its meta numbers: signed bytes, float32, or 1 to 127 for the rotated vector. */
export const codesKinds = Object.freeze({ int8: 0, float32: 1, int7: 2 })

/** One exact scan over float32 rows. All integers. */
export const flatLayout = structure([
  'rows',
  'stride',
  'dimensions',
  'count',
  'facts',
  'allowed',
  'measure',
  'weights',
  'k',
  'queries',
  'queryCount',
  'position',
  'evaluations',
])

/** One query of such a scan. All integers. */
export const flatQueryLayout = structure(['vector', 'heap', 'heapCount', 'nonZeros', 'numbers'])

/** What an exact scan knows of a row beforehand: squared norm, sum of magnitudes (float64), count of numbers that are not zero. */
export const flatFactBytes = 24

/** An exact scan reads so far behind the rows, whatever is there. */
export const flatAheadBytes = 1040

/** Room for what a query of an exact scan has to know. */
export const flatNumbersBytes = 64

/** One entry of the ranking of an exact scan. */
export const rankingEntryBytes = 16

/** What an exact scan can measure. */
export const measureKinds = Object.freeze({
  cosine: 0,
  dot: 1,
  euclidean: 2,
  angular: 3,
  manhattan: 4,
  chebyshev: 5,
  jaccard: 6,
  weightedJaccard: 7,
  overlap: 8,
  composite: 9,
})

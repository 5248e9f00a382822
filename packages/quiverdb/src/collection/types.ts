import type { Embedder } from '../embed/embedder.js'
import type { Condition } from '../filter/condition.js'
import type { Filter, WhereInput } from '../filter/where-types.js'
import type { GraphMode } from '../vector/graph-image.js'
import type { Metric } from '../vector/metric.js'

/** Any JSON value. Fields come back exactly as they were written. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** The numbers of one vector, in any of the shapes callers have them. */
export type VectorInput = readonly number[] | Float32Array | Float64Array

/** What a record must be at least; the generic of a collection narrows it. `id` and `$vectors` are reserved names. */
export type Fields = { [key: string]: unknown }

/** A record as it is read. */
export type Stored<T extends object = Fields> = T & { id: string }

/**
 * A record as it is written: its fields, its id (a UUIDv7 is made when absent), and the vectors of external indexes by index name.
 *
 * @example
 * ```ts
 * { id: 'p1', year: 1958, embedding: [0.1, 0.2], $vectors: { title: [0.3, 0.4] } }
 * ```
 */
export type RecordInput<T extends object = Fields> = Omit<T, 'id'> & {
  id?: string
  $vectors?: { [index: string]: VectorInput | null }
}

/** Where an index finds its vectors: in a field of the record, given beside it (`$vectors`), or made by an embedder of the text in a field (`managed`). */
export type IndexSource = 'field' | 'external' | 'managed'

/** Names the effort of a graph: its links and how many candidates are kept while building and searching. */
export type GraphPreset = 'default' | 'highRecall' | 'highSpeed'

/** Declares a vector index. */
export interface IndexOptions {
  /** Unique within the collection. Default: `field`. */
  name?: string
  /** Dotted path of the field that holds the vector (`source: 'field'`), that it describes (`external`), or whose text is embedded (`managed`). */
  field: string
  /** 1 to 16,384. A managed index may leave it to the embedder; one that does not say it is asked for a vector when the index is created. */
  dimensions?: number
  /**
   * Of a managed index: what makes vectors of its texts, and of those that are searched for. Its id is recorded with the index. One with another id takes its
   * place: all vectors are made anew, and until then only those that the new one made are found. Where the index is there already, it may be left out; then
   * this process does not embed.
   */
  embedder?: Embedder
  /** Default: `cosine`. */
  metric?: Metric
  /** Default: `field`. */
  source?: IndexSource
  /** A partial index holds only the records that match. */
  where?: Filter
  /** What to do with a vector of zeros. Default: `refuse` for cosine, where it has no direction; `keep` for the others. */
  zeroVectors?: 'refuse' | 'keep'
  /** What the graph walks over. `int8` (default) is faster and smaller; answers are re-ranked exactly either way. */
  codes?: 'int8' | 'float32'
  /** Default: `default` (M 16, M0 32, efConstruction 200, efSearch 50). */
  preset?: GraphPreset
  /**
   * What graphs keep in memory, recorded with each. `speed`: about 7.5 KB per vector of 768 dimensions, with the one-bit codes of neighbours and
   * the vectors themselves; `balanced`: 2.6 KB, re-ranked by 16-bit codes; `memory`: 1 KB, re-ranked from disk. Default: `speed` while that
   * takes at most a quarter of the memory bound for the graph, else `memory`.
   */
  mode?: GraphMode
}

/** How far a managed index is. */
export interface ManagedStatus {
  /** Id of the embedder whose vectors the index holds. */
  readonly embedder: string
  /**
   * `ready`: all records have their vectors. `indexing`: vectors are being made. `pending`: records wait, and this process has no embedder for them, or
   * embeds only when it is asked to. `error`: the embedder failed three times in a row; it is tried again, ever more rarely, until it is back.
   */
  readonly status: 'pending' | 'indexing' | 'ready' | 'error'
  /** Records in the scope of the index that have a text. */
  readonly records: number
  /** Of those, the ones that have their vector. */
  readonly embedded: number
  /** Of the others, those whose text the embedder refused, as far as this process knows. They wait for another text, or for the process to begin anew. */
  readonly refused: number
  /** What the embedder failed with last; absent where all is well. */
  readonly error?: string
}

export interface IndexStatus {
  readonly name: string
  readonly field: string
  readonly source: IndexSource
  readonly dimensions: number
  readonly metric: Metric
  readonly zeroVectors: 'refuse' | 'keep'
  readonly codes: 'int8' | 'float32'
  readonly preset: GraphPreset
  /** As declared; absent: chosen for each graph by its size. */
  readonly mode?: GraphMode
  readonly where?: WhereInput
  /** `ready`: nothing is due. `building`: rows wait for a graph; they are scanned and found all the same. */
  readonly status: 'ready' | 'building'
  /** Records that have a vector in this index. */
  readonly records: number
  /** Of those, the ones that a search scans because no graph holds them yet. */
  readonly unindexed: number
  /** Graphs, largest first, in nodes. */
  readonly graphs: readonly number[]
  /** What each graph keeps in memory. */
  readonly modes: readonly GraphMode[]
  /**
   * The share of the 10 nearest that searches of each graph find with the least effort of the preset, as measured when it was built; null where it
   * was too small for that. Searches make more effort where this is less than the preset promises.
   */
  readonly recalls: readonly (number | null)[]
  /** Records whose field is not a usable vector of this index (only where an index was added to existing data). */
  readonly skipped: number
  /** Of a managed index. */
  readonly managed?: ManagedStatus
}

export interface FieldStatus {
  readonly path: string
  /** Records that a stored index of the field covers. */
  readonly indexed: number
  /** The others: in memory, in small parts, or in parts whose turn comes. Filters read them, or index them in memory. */
  readonly unindexed: number
}

/** Chooses what comes back of a record. Default: all fields, no vectors of external indexes. */
export interface ReadOptions {
  /** Only these fields (dotted paths, `id` is always there). */
  fields?: readonly string[]
  /** Also `$vectors`, with the external vectors. Default: false. */
  vectors?: boolean
}

export interface SearchQuery extends ReadOptions {
  /** Exactly as many numbers as the index has dimensions. It must not change before the search resolves. */
  vector?: VectorInput
  /** Instead of a vector: what to look for in a managed index, whose embedder makes a vector of it. At most 32,768 UTF-16 code units. */
  text?: string
  /** Which field's index to search; needed when the collection has more than one index. */
  field?: string
  /** Which index, when several share a field. */
  index?: string
  where?: Filter
  /** 1 to 10,000. Default: 10. */
  limit?: number
  /** 0 to 100,000: leaves out the nearest ones. Default: 0. */
  offset?: number
  /** Leaves out what is farther than this, in the metric's own distance. */
  maxDistance?: number
  /** Searches every vector that may answer instead of walking the graph. Default: false. */
  exact?: boolean
  /**
   * How `where` is applied. `preFilter`: all matches are found first and searched exactly. `postFilter`: candidates come from the graph as without a
   * filter and are then asked for, more of them until enough match. `auto` counts the matches and walks among them alone, or scans them where they are
   * few; where counting would mean to read very many records and most of a sample match, it does as `postFilter`. Default: `auto`.
   */
  strategy?: FilterStrategy
  /** Candidates of the graph for each hit that is wanted, at least; 1 to 1,000. It never changes how many hits there are. Default: 1. */
  overquery?: number
  /**
   * With `where`: look at no more candidates than this, and return what was found, with `complete: false`. With `postFilter` those are candidates that
   * the filter is asked about, otherwise distances that are computed. 1 to 100,000,000. Default: no bound.
   */
  maxScanCandidates?: number
  /** Also return how the search was done. Default: false. */
  explain?: boolean
  /**
   * The share of the true nearest that is to be found, above 0 and up to 1: the effort is taken from what each graph was measured to need. 1 is the
   * same as `exact`. Default: what the index's preset promises (0.95, 0.99 for highRecall, 0.85 for highSpeed).
   */
  recall?: number
  /** Candidates kept while walking the graph, 1 to 100,000, instead of what `recall` asks for; at least limit + offset. */
  ef?: number
  signal?: AbortSignal
  /** Stop after this long and return what was found, with `complete: false`. */
  timeoutMs?: number
}

export interface Hit<T extends object = Fields> {
  readonly id: string
  /** The metric's own distance: cosine `1 - cos`, l2 the squared Euclidean distance, dot the negative product. Smaller is nearer. */
  readonly distance: number
  readonly record: Stored<T>
}

export type FilterStrategy = 'auto' | 'preFilter' | 'postFilter'

/** `graph`: without a filter. `exact`: all vectors were scanned. `matches`: among counted matches. `preFilter`: all matches were scanned. `postFilter`: as the strategy. */
export type SearchWay = 'graph' | 'exact' | 'matches' | 'preFilter' | 'postFilter'

/** One part of an index and what was done with it. */
export interface ExplainedPart {
  /** A graph, or rows that no graph holds (of an exact search, all rows of a part). */
  readonly kind: 'graph' | 'rows'
  readonly size: number
  /** Of these, how many match, where they were counted. */
  readonly matches?: number
  /** `sketch`: the nearest by one-bit sketches of all, ranked by their codes, where a walk would have taken longer. */
  readonly way: 'walk' | 'scan' | 'sketch'
  /** The effort of a walk. */
  readonly ef?: number
  /** Distances that were computed; with `postFilter`, candidates that the filter was asked about. */
  readonly candidates: number
}

/** How a search was done. */
export interface SearchExplanation {
  readonly strategy: SearchWay
  /** Records of the collection. */
  readonly records: number
  /** Records with a vector that match, where they were counted. */
  readonly matches?: number
  /** The share of a sample that matched, where they were not. */
  readonly sampledShare?: number
  /** How the filter was answered: paths by a field index, and how many records were read one by one. */
  readonly filter?: { readonly indexed: readonly string[]; readonly evaluated: number }
  readonly parts: readonly ExplainedPart[]
  /** Of all parts. */
  readonly candidates: number
  /** `filterMs`: to know what matches. `searchMs`: walks, scans and exact ranking. `recordsMs`: the rest, with reading the hits. */
  readonly times: { readonly filterMs: number; readonly searchMs: number; readonly recordsMs: number; readonly totalMs: number }
  /** What cut the answer short, if anything did. */
  readonly cutBy?: 'time' | 'candidates'
}

export interface SearchResult<T extends object = Fields> {
  /** Nearest first; equal distances by id. */
  readonly hits: readonly Hit<T>[]
  /** False when time or `maxScanCandidates` ran out first: then there may be nearer records. */
  readonly complete: boolean
  /** Where it was asked for. */
  readonly explanation?: SearchExplanation
  /** The version that was searched. */
  readonly version: string
}

export interface EvaluateOptions {
  /** Which field's index; needed when the collection has more than one. */
  field?: string
  /** Which index, when several share a field. */
  index?: string
  /** What to search for, at most 10,000. Default: rows of the index. */
  vectors?: readonly VectorInput[]
  /** How many rows are searched for where there are no `vectors`, 1 to 10,000. Default: 100. */
  sample?: number
  /** How many are to be found, 1 to 10,000. Default: 10. */
  k?: number
  /** Efforts to try, 1 to 100,000; at least k is used. Default: k times 1, 2, 4 ... 64. */
  efs?: readonly number[]
  signal?: AbortSignal
  /** Called after every search. */
  onProgress?: (done: number, total: number) => void
}

export interface ListQuery extends ReadOptions {
  where?: Filter
  /**
   * A field, or up to 8: `'year'`, `{ field: 'year', order: 'desc' }`, or a list of these. `false` comes before `true`, then numbers, then texts by
   * UTF-16 code units; what has no order (missing, null, lists, objects) comes last in both directions, or first with `missing: 'first'`; equal ones by
   * id. Default: by id.
   */
  orderBy?: SortBy | readonly SortBy[]
  /** 1 to 10,000. Default: 100. */
  limit?: number
  /** Begin behind this id; with `orderBy`, behind what `next` of a page with the same order names. */
  after?: string
}

/** What to sort by: a dotted path, ascending unless it says otherwise. */
export type SortBy = string | { readonly field: string; readonly order?: 'asc' | 'desc'; readonly missing?: 'first' | 'last' }

/** A value of a field and how many records have it. */
export interface ValueCount {
  readonly value: null | boolean | number | string
  readonly count: number
}

export interface FacetQuery {
  /** Dotted paths, 1 to 64. */
  fields: readonly string[]
  where?: Filter
  /** Values of each field, 1 to 10,000. Default: 10. */
  limit?: number
}

export interface Page<T extends object = Fields> {
  /** As `orderBy` says, else in the order of their ids (UTF-16 code units). */
  readonly records: readonly Stored<T>[]
  /** Give it as `after` for the next page; absent on the last. */
  readonly next?: string
}

/** What was read of a collection by a transaction, for its validation at commit. */
export type ReadMark =
  { readonly collection: string; readonly ids: readonly string[] } | { readonly collection: string; readonly where: Condition }

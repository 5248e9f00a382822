// Exact scan of float32 rows. Where a measure allows it, a row is first estimated in float32, four rows at a time against two queries; only a
// row whose estimate does not prove it worse than the k best so far is measured in float64, at once, while it is in the cache.
import { compositeBound, raiseBar } from './flat-bound'
import {
  factBytes, factMagnitude, factNonZeros, factNorm2, Flat, FlatQuery, queryBarFirst, queryBarSecond, queryMagnitude, queryNorm2, queryRoom,
} from './layout'
import {
  arcCosine, chebyshevF64, cosineOf, jaccardOf, manhattanF64, measureAngular, measureChebyshev, measureComposite, measureCosine, measureDot,
  measureEuclidean, measureJaccard, measureManhattan, measureOverlap, measureWeightedJaccard, nonZeros, overlapOf, sumOfMagnitudes,
  weightedJaccardF64,
} from './measure'
import { entryBytes, markOf, rankingPush, rankingReplace, rankingSort, worseThan } from './ranking'
import { squaredNorm } from './rows'
import { nextAllowed } from './scan'
import { dotF64, squaredL2F64 } from './score'
import { estimate4, estimate8 } from './estimate'

const queryBytes: usize = 20
/** Rows that take more will not be in a cache. */
const cachedBytes: usize = 16_777_216
const float32Max = f32.MAX_VALUE

/** Writes the facts of rows. */
export function flatFacts(rows: usize, stride: i32, count: i32, n: i32, facts: usize): void {
  for (let row: i32 = 0; row < count; row++) {
    store<f64>(facts, squaredNorm(rows, n), factNorm2)
    store<f64>(facts, sumOfMagnitudes(rows, n), factMagnitude)
    store<u64>(facts, nonZeros(rows, rows, n) & 0xffffffff, factNonZeros)
    rows += <usize>stride; facts += factBytes
  }
}

// @ts-ignore: decorator
@inline
function factsOf(flat: Flat, row: u32): usize {
  return flat.facts + <usize>row * factBytes
}

// @ts-ignore: decorator
@inline
function queryAt(flat: Flat, i: i32): FlatQuery {
  return changetype<FlatQuery>(flat.queries + <usize>i * queryBytes)
}

/** Prepares the queries, whose vectors and addresses are set. */
export function flatBegin(flatPointer: usize): void {
  const flat = changetype<Flat>(flatPointer)
  flat.position = flat.evaluations = 0
  for (let i: i32 = 0; i < flat.queryCount; i++) {
    const query = queryAt(flat, i)
    query.heapCount = 0
    query.nonZeros = <i32>nonZeros(query.vector, query.vector, flat.dimensions)
    store<f64>(query.numbers, squaredNorm(query.vector, flat.dimensions), queryNorm2)
    store<f64>(query.numbers, sumOfMagnitudes(query.vector, flat.dimensions), queryMagnitude)
    store<f64>(query.numbers, -Infinity, queryBarFirst)
    store<f64>(query.numbers, 0, queryBarSecond)
  }
}

/** The float64 key of a row (smaller is better) goes to the ranking with its mark, from which the bar for estimates is found. */
function measureRow(flat: Flat, query: FlatQuery, row: u32): void {
  const n = flat.dimensions, q = query.vector, x = flat.rows + <usize>row * <usize>flat.stride, measure = flat.measure
  let key: f64, mark: f64 = 0
  if (measure == measureCosine || measure == measureAngular) {
    mark = cosineOf(dotF64(q, x, n), load<f64>(query.numbers, queryNorm2), load<f64>(factsOf(flat, row), factNorm2))
    key = measure == measureAngular ? arcCosine(mark) : -mark
  } else if (measure == measureDot) {
    mark = dotF64(q, x, n)
    key = -mark
  } else if (measure == measureEuclidean) {
    const squared = squaredL2F64(q, x, n)
    mark = -squared
    key = Math.sqrt(squared)
  } else if (measure == measureManhattan || measure == measureChebyshev) {
    key = measure == measureManhattan ? manhattanF64(q, x, n) : chebyshevF64(q, x, n)
    mark = -key
  } else if (measure == measureJaccard || measure == measureOverlap) {
    const counts = nonZeros(x, q, n)
    key = measure == measureJaccard ? -jaccardOf(counts, query.nonZeros) : -overlapOf(counts, query.nonZeros)
  } else {
    mark = measure == measureComposite ? composite(flat, query, row, x) : weightedJaccardF64(q, x, n)
    key = -mark
  }
  offer(flat, query, row, key, <f32>mark)
}

function composite(flat: Flat, query: FlatQuery, row: u32, x: usize): f64 {
  const n = flat.dimensions, q = query.vector
  const ofCosine = load<f64>(flat.weights), ofStructure = load<f64>(flat.weights, 8), ofMagnitude = load<f64>(flat.weights, 16)
  const sum = ofCosine + ofStructure + ofMagnitude
  if (!(sum > 0)) return 0
  const cosine = cosineOf(dotF64(q, x, n), load<f64>(query.numbers, queryNorm2), load<f64>(factsOf(flat, row), factNorm2))
  const structure = jaccardOf(nonZeros(x, q, n), query.nonZeros), distance = Math.sqrt(squaredL2F64(q, x, n))
  return (ofCosine * ((cosine + 1) / 2) + ofStructure * structure + ofMagnitude / (1 + distance)) / sum
}

function offer(flat: Flat, query: FlatQuery, row: u32, key: f64, mark: f32): void {
  const heap = query.heap, k = flat.k
  if (query.heapCount < k) rankingPush(heap, query.heapCount++, key, row, mark)
  else if (worseThan(heap, key, row)) rankingReplace(heap, k, key, row, mark)
  else return
  if (query.heapCount == k) raiseBar(flat, query, <f64>markOf(heap))
}

function siftComposite(flat: Flat, query: FlatQuery, estimates: v128, r0: u32, r1: u32, r2: u32, r3: u32, n: i32): void {
  const known = i32x4.bitmask(f32x4.le(f32x4.abs(estimates), f32x4.splat(float32Max)))
  for (let i: i32 = 0; i < n; i++) {
    const row = i == 0 ? r0 : i == 1 ? r1 : i == 2 ? r2 : r3, estimate = <f64>f32x4.extract_lane(estimates, 0)
    estimates = v128.shuffle<i32>(estimates, estimates, 1, 2, 3, 0)
    if ((known >> i) & 1 && compositeBound(flat, query, factsOf(flat, row), estimate) < load<f64>(query.numbers, queryBarFirst)) continue
    measureRow(flat, query, row)
  }
}

/** Measures those of four rows (the first n; the others repeat) that their estimates do not exclude. */
function sift(flat: Flat, query: FlatQuery, estimates: v128, lengths01: v128, lengths23: v128, r0: u32, r1: u32, r2: u32, r3: u32, n: i32): void {
  if (flat.measure == measureComposite) { siftComposite(flat, query, estimates, r0, r1, r2, r3, n); return }
  const a = v128.load64_splat(query.numbers + queryBarFirst), b = v128.load64_splat(query.numbers + queryBarSecond)
  const low = f64x2.lt(f64x2.promote_low_f32x4(estimates), f64x2.add(a, f64x2.mul(b, lengths01)))
  const high = f64x2.lt(f64x2.promote_low_f32x4(v128.shuffle<i64>(estimates, estimates, 1, 1)), f64x2.add(a, f64x2.mul(b, lengths23)))
  const below = v128.shuffle<i32>(low, high, 0, 2, 4, 6)
  const known = f32x4.le(f32x4.abs(estimates), f32x4.splat(float32Max))
  const open = ~i32x4.bitmask(v128.and(below, known)) & ((1 << n) - 1)
  if (!open) return
  if (open & 1) measureRow(flat, query, r0)
  if (open & 2) measureRow(flat, query, r1)
  if (open & 4) measureRow(flat, query, r2)
  if (open & 8) measureRow(flat, query, r3)
}

/** What the bar of an estimate depends on, of two rows: for products their norms, for weighted Jaccard the sums of their magnitudes. */
// @ts-ignore: decorator
@inline
function lengths(flat: Flat, r0: u32, r1: u32): v128 {
  const summed = flat.measure == measureWeightedJaccard, at = summed ? factMagnitude : factNorm2
  const pair = v128.load_lane<i64>(factsOf(flat, r1) + at, v128.load64_zero(factsOf(flat, r0) + at), 1)
  return summed ? pair : f64x2.sqrt(pair)
}

/** All queries against four rows (the first n; the others repeat), by way of estimates. */
function visitEstimated(flat: Flat, r0: u32, r1: u32, r2: u32, r3: u32, n: i32): void {
  const stride = <usize>flat.stride, rows = flat.rows, measure = flat.measure
  const a = rows + <usize>r0 * stride, b = rows + <usize>r1 * stride, c = rows + <usize>r2 * stride, d = rows + <usize>r3 * stride
  const lengths01 = lengths(flat, r0, r1), lengths23 = lengths(flat, r2, r3)
  let i: i32 = 0
  for (; i + 2 <= flat.queryCount; i += 2) {
    const p = queryAt(flat, i), q = queryAt(flat, i + 1), out = p.numbers + queryRoom
    estimate8(measure, p.vector, q.vector, a, b, c, d, stride, out)
    sift(flat, p, v128.load(out), lengths01, lengths23, r0, r1, r2, r3, n)
    sift(flat, q, v128.load(out, 16), lengths01, lengths23, r0, r1, r2, r3, n)
  }
  if (i < flat.queryCount) {
    const q = queryAt(flat, i), sink = stride * <usize>flat.count > cachedBytes ? q.numbers + queryRoom : 0
    sift(flat, q, estimate4(measure, q.vector, a, b, c, d, stride, sink), lengths01, lengths23, r0, r1, r2, r3, n)
  }
}

function visitExact(flat: Flat, r0: u32, r1: u32, r2: u32, r3: u32, n: i32): void {
  for (let i: i32 = 0; i < flat.queryCount; i++) {
    const query = queryAt(flat, i)
    measureRow(flat, query, r0)
    if (n > 1) measureRow(flat, query, r1)
    if (n > 2) measureRow(flat, query, r2)
    if (n > 3) measureRow(flat, query, r3)
  }
}

/** Goes on for about `rowsMax` rows. Returns 1 when all are scanned, else 0. */
export function flatStep(flatPointer: usize, rowsMax: i32): i32 {
  const flat = changetype<Flat>(flatPointer), count = flat.count, allowed = flat.allowed, estimated = flat.measure != measureJaccard && flat.measure != measureOverlap
  let position = flat.position, scored: i32 = 0, done: i32 = 0
  while (scored < rowsMax) {
    const r0 = nextAllowed(allowed, position, count)
    if (r0 >= count) { position = count; done = 1; break }
    const r1 = nextAllowed(allowed, r0 + 1, count), r2 = nextAllowed(allowed, r1 + 1, count), r3 = nextAllowed(allowed, r2 + 1, count)
    const n = r3 < count ? 4 : r2 < count ? 3 : r1 < count ? 2 : 1
    if (estimated) visitEstimated(flat, r0, n > 1 ? r1 : r0, n > 2 ? r2 : r0, n > 3 ? r3 : r0, n)
    else visitExact(flat, r0, r1, r2, r3, n)
    position = (n > 3 ? r3 : count - 1) + 1
    scored += n
  }
  flat.position = position
  flat.evaluations += scored
  return done
}

/** Writes what a query found, best first: rows (u32) and keys (float64). Returns how many; ends the scan for this query. */
export function flatResults(flatPointer: usize, i: i32, rows: usize, keys: usize): i32 {
  const query = queryAt(changetype<Flat>(flatPointer), i), n = query.heapCount
  rankingSort(query.heap, n)
  for (let j: i32 = 0; j < n; j++) {
    const entry = query.heap + <usize>j * entryBytes
    store<u32>(rows + (<usize>j << 2), load<u32>(entry, 8))
    store<f64>(keys + (<usize>j << 3), load<f64>(entry))
  }
  return n
}

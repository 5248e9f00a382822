// A candidate is one i64: the distance as order-preserving bits, then the node number, then one bit for "expanded". Comparing keys
// compares distances, and equal distances by node number.

// @ts-ignore: decorator
@inline
export function keyOf(distance: f32, id: u32): i64 {
  const bits = reinterpret<i32>(distance)
  return (<i64>(bits ^ ((bits >> 31) & 0x7fffffff)) << 32) | <i64>(<u64>id << 1)
}
// @ts-ignore: decorator
@inline
export function keyDistance(key: i64): f32 {
  const bits = <i32>(key >> 32)
  return reinterpret<f32>(bits ^ ((bits >> 31) & 0x7fffffff))
}
// @ts-ignore: decorator
@inline
export function keyId(key: i64): u32 {
  return <u32>key >> 1
}

/** Inserts into n sorted keys that have room for one more; returns the position. A full pool is given n - 1 and loses its last. */
// @ts-ignore: decorator
@inline
export function sortedInsert(pool: usize, n: i32, key: i64): i32 {
  let base = pool, length = n
  while (length > 0) { // lower bound without a branch to mispredict
    const half = (length + 1) >> 1, middle = base + (<usize>half << 3), below = load<i64>(middle - 8) < key
    base = select<usize>(middle, base, below)
    length = select<i32>(length - half, half - 1, below)
  }
  let p = pool + (<usize>n << 3)
  while (p >= base + 16) { v128.store(p - 8, v128.load(p - 16)); p -= 16 }
  if (p > base) store<i64>(p, load<i64>(p - 8))
  store<i64>(base, key)
  return <i32>((base - pool) >> 3)
}

/** Where a key belongs among n sorted ones. */
// @ts-ignore: decorator
@inline
function placeIn(pool: usize, n: i32, key: i64): i32 {
  let base: i32 = 0, length = n
  while (length > 0) {
    const half = (length + 1) >> 1, below = load<i64>(pool + (<usize>(base + half - 1) << 3)) < key
    base = select<i32>(base + half, base, below)
    length = select<i32>(length - half, half - 1, below)
  }
  return base
}

/**
 * Merges m sorted keys into n sorted ones, of which the `most` smallest stay: every key moves once, however many come. Returns the place of the
 * first that came, or `most` when none stayed.
 */
export function sortedMerge(pool: usize, n: i32, keys: usize, m: i32, most: i32): i32 {
  for (let surplus = n + m - most; surplus > 0; surplus--) {
    if (n > 0 && (m == 0 || load<i64>(pool + (<usize>(n - 1) << 3)) > load<i64>(keys + (<usize>(m - 1) << 3)))) n--
    else m--
  }
  let place = most
  while (m > 0) {
    const key = load<i64>(keys + (<usize>(m - 1) << 3)), from = pool + (<usize>(place = placeIn(pool, n, key)) << 3)
    memory.copy(from + (<usize>m << 3), from, <usize>(n - place) << 3)
    store<i64>(from + (<usize>(m - 1) << 3), key)
    n = place
    m--
  }
  return place
}

/** Adds to a binary heap whose greatest key is first. */
export function maxHeapPush(heap: usize, n: i32, key: i64): void {
  let i = n
  while (i > 0) {
    const parent = (i - 1) >> 1, above = load<i64>(heap + (<usize>parent << 3))
    if (above >= key) break
    store<i64>(heap + (<usize>i << 3), above)
    i = parent
  }
  store<i64>(heap + (<usize>i << 3), key)
}

/** Puts a key in the place of the greatest of n. */
export function maxHeapReplace(heap: usize, n: i32, key: i64): void {
  let i: i32 = 0
  while (true) {
    let child = 2 * i + 1
    if (child >= n) break
    let below = load<i64>(heap + (<usize>child << 3))
    if (child + 1 < n) {
      const other = load<i64>(heap + (<usize>child << 3), 8)
      if (other > below) { below = other; child++ }
    }
    if (below <= key) break
    store<i64>(heap + (<usize>i << 3), below)
    i = child
  }
  store<i64>(heap + (<usize>i << 3), key)
}

/** Turns a heap of n keys into ascending order. */
export function maxHeapSort(heap: usize, n: i32): void {
  for (let last = n - 1; last > 0; last--) {
    const greatest = load<i64>(heap), key = load<i64>(heap + (<usize>last << 3))
    maxHeapReplace(heap, last, key)
    store<i64>(heap + (<usize>last << 3), greatest)
  }
}

// Smallest first: the same heap over negated keys (a key is never the smallest i64, whose negation overflows).
// @ts-ignore: decorator
@inline
export function minHeapPush(heap: usize, n: i32, key: i64): void {
  maxHeapPush(heap, n, -key)
}
/** Removes and returns the smallest of n > 0 keys. */
// @ts-ignore: decorator
@inline
export function minHeapPop(heap: usize, n: i32): i64 {
  const smallest = -load<i64>(heap)
  if (n > 1) maxHeapReplace(heap, n - 1, load<i64>(heap + (<usize>(n - 1) << 3)))
  return smallest
}

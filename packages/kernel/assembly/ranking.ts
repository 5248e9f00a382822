// The k best of what a scan has scored: a heap whose worst entry is first. Better is a smaller key, and among equal keys a smaller row.
// An entry is 16 bytes: f64 key, u32 row, f32 mark (whatever the scan wants to know of its worst entry).

export const entryBytes: usize = 16
const entryRow: usize = 8
const entryMark: usize = 12

// @ts-ignore: decorator
@inline
export function worseThan(entry: usize, key: f64, row: u32): bool {
  const own = load<f64>(entry)
  return own > key || (own == key && load<u32>(entry, entryRow) > row)
}

// @ts-ignore: decorator
@inline
export function markOf(entry: usize): f32 {
  return load<f32>(entry, entryMark)
}

// @ts-ignore: decorator
@inline
function place(entry: usize, key: f64, row: u32, mark: f32): void {
  store<f64>(entry, key)
  store<u32>(entry, row, entryRow)
  store<f32>(entry, mark, entryMark)
}

/** Adds to a heap of n entries that has room for one more. */
export function rankingPush(heap: usize, n: i32, key: f64, row: u32, mark: f32): void {
  let i = n
  while (i > 0) {
    const parent = (i - 1) >> 1, above = heap + <usize>parent * entryBytes
    if (worseThan(above, key, row)) break
    v128.store(heap + <usize>i * entryBytes, v128.load(above))
    i = parent
  }
  place(heap + <usize>i * entryBytes, key, row, mark)
}

/** Puts an entry in the place of the worst of n. */
export function rankingReplace(heap: usize, n: i32, key: f64, row: u32, mark: f32): void {
  let i: i32 = 0
  while (true) {
    let child = 2 * i + 1
    if (child >= n) break
    let below = heap + <usize>child * entryBytes
    if (child + 1 < n && worseThan(below + entryBytes, load<f64>(below), load<u32>(below, entryRow))) { below += entryBytes; child++ }
    if (!worseThan(below, key, row)) break
    v128.store(heap + <usize>i * entryBytes, v128.load(below))
    i = child
  }
  place(heap + <usize>i * entryBytes, key, row, mark)
}

/** Turns a heap of n entries into a list, best first. */
export function rankingSort(heap: usize, n: i32): void {
  for (let last = n - 1; last > 0; last--) {
    const worst = v128.load(heap), end = heap + <usize>last * entryBytes
    rankingReplace(heap, last, load<f64>(end), load<u32>(end, entryRow), markOf(end))
    v128.store(end, worst)
  }
}

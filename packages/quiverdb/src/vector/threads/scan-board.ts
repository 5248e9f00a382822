import type { FlatSearchResult } from '../flat/search-flat.js'

/** What is to be scanned, and how much of it may be found. */
export interface ScanShape {
  readonly rows: number
  /** Rows of a range: the part of a scan that a thread takes at a time. A multiple of 32, so that bitsets can be cut. */
  readonly rowsPerRange: number
  readonly queries: number
  readonly k: number
}

const words = Object.freeze({ next: 0, finished: 1, count: 2 })
/** Of a query in a range: rows found, rows compared, whether it was completed. */
const headWords = 3
const states = Object.freeze({ open: 0, answered: 1, failed: 2 })

/**
 * Where threads share a scan: each takes the next range that nobody has, and leaves there what it found. Lies in memory that all of them
 * see, because a thread that waits without an event loop gets no messages.
 */
export class ScanBoard {
  readonly shape: ScanShape
  readonly shared: SharedArrayBuffer
  readonly ranges: number
  /** The most that a query can find in a range. */
  readonly #k: number
  readonly #words: Int32Array
  readonly #states: Int32Array
  readonly #heads: Uint32Array
  readonly #rows: Uint32Array
  readonly #distances: Float64Array

  constructor(shape: ScanShape, shared?: SharedArrayBuffer) {
    this.shape = shape
    this.ranges = Math.ceil(shape.rows / shape.rowsPerRange)
    this.#k = Math.min(shape.k, shape.rowsPerRange)
    const answers = this.ranges * shape.queries
    const places = answers * this.#k
    this.shared = shared ?? new SharedArrayBuffer(12 * places + 4 * (headWords * answers + this.ranges + words.count))
    this.#distances = new Float64Array(this.shared, 0, places)
    this.#rows = new Uint32Array(this.shared, 8 * places, places)
    this.#heads = new Uint32Array(this.shared, 12 * places, headWords * answers)
    this.#states = new Int32Array(this.shared, 12 * places + 4 * headWords * answers, this.ranges)
    this.#words = new Int32Array(this.shared, this.shared.byteLength - 4 * words.count, words.count)
  }

  /** The next range, which is then the caller's to answer or to fail; undefined when all are taken. */
  take(): number | undefined {
    const range = Atomics.add(this.#words, words.next, 1)
    return range < this.ranges ? range : undefined
  }

  /** First row of a range and the row behind its last. */
  rowsOf(range: number): readonly [first: number, end: number] {
    const { rows, rowsPerRange } = this.shape
    return [range * rowsPerRange, Math.min(rows, (range + 1) * rowsPerRange)]
  }

  /** Leaves what each query found in a range, with rows counted from the range's first. */
  answer(range: number, results: readonly FlatSearchResult[]): void {
    results.forEach(({ rows, distances, evaluations, complete }, i) => {
      const answer = range * this.shape.queries + i
      this.#rows.set(rows, answer * this.#k)
      this.#distances.set(distances, answer * this.#k)
      this.#heads.set([rows.length, evaluations, complete ? 1 : 0], answer * headWords)
    })
    this.#finish(range, states.answered)
  }

  /** Leaves a range to the thread that waits. */
  fail(range: number): void {
    this.#finish(range, states.failed)
  }

  /** Ranges that others took are answered or failed when this returns; nobody takes one any more. Not on the main thread of a browser. */
  waitForOthers(): void {
    const untaken = Math.max(0, this.ranges - Atomics.exchange(this.#words, words.next, this.ranges))
    for (;;) {
      const finished = Atomics.load(this.#words, words.finished)
      if (finished + untaken >= this.ranges) return
      Atomics.wait(this.#words, words.finished, finished)
    }
  }

  /** What a query found in a range, with rows counted from the scan's first; undefined where the range was not answered. */
  answerOf(range: number, query: number): FlatSearchResult | undefined {
    if (this.#states[range] !== states.answered) return undefined
    const answer = range * this.shape.queries + query
    const [count, evaluations, complete] = this.#heads.subarray(answer * headWords)
    const start = answer * this.#k
    const [first] = this.rowsOf(range)
    return {
      rows: this.#rows.slice(start, start + count!).map((row) => first + row),
      distances: this.#distances.slice(start, start + count!),
      evaluations: evaluations!,
      complete: complete === 1,
    }
  }

  #finish(range: number, state: number): void {
    Atomics.store(this.#states, range, state)
    Atomics.add(this.#words, words.finished, 1)
    Atomics.notify(this.#words, words.finished)
  }
}

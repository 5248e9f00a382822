/** Something the person at the terminal can put right: it is printed without a stack. */
export class BenchError extends Error {
  /** @override */
  name = 'BenchError'
}

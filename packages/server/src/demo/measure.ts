import { type DigitCollection, fields } from './digit-database.js'
import type { Digit } from './digits.js'
import { nearestByLoop } from './plain-loop.js'

export const neighbours = 10
/** Until then the runtime compiles what runs often, and a database takes the vectors that searches rank by into memory. */
const warmUpMs = 500

/** The answers to all queries, as ids, and the median time of one. */
export interface Run {
  readonly answers: readonly (readonly string[])[]
  readonly medianMs: number
}

/** What one writes without a database. */
export function runLoop(digits: readonly Digit[], queries: readonly Float32Array[]): Promise<Run> {
  const vectors = digits.map(({ pixels }) => pixels)
  return timed(queries, (vector) => nearestByLoop(vectors, vector, neighbours).map((at) => digits[at]!.id))
}

export function runSearch(collection: DigitCollection, queries: readonly Float32Array[], exact: boolean): Promise<Run> {
  return timed(queries, async (vector) => {
    const { hits } = await collection.search({ vector, limit: neighbours, fields, exact })
    return hits.map((hit) => hit.id)
  })
}

/** How many of the true neighbours were found, over all queries. */
export function foundOf(truth: Run, run: Run): number {
  return run.answers.reduce((sum, ids, at) => sum + ids.filter((id) => truth.answers[at]!.includes(id)).length, 0)
}

/** For how many queries both name the same neighbours in the same order. */
export function sameAnswers(one: Run, other: Run): number {
  return one.answers.filter((ids, at) => ids.join() === other.answers[at]!.join()).length
}

/** One query after the other, on one thread. */
async function timed(queries: readonly Float32Array[], ask: (query: Float32Array) => string[] | Promise<string[]>): Promise<Run> {
  const warm = performance.now() + warmUpMs
  for (let at = 0; performance.now() < warm; at++) await ask(queries[at % queries.length]!)
  const answers: string[][] = []
  const times: number[] = []
  for (const query of queries) {
    const started = performance.now()
    answers.push(await ask(query))
    times.push(performance.now() - started)
  }
  times.sort((a, b) => a - b)
  return { answers, medianMs: times[Math.floor(times.length / 2)]! }
}

import { type DigitCollection, fields } from './digit-database.js'
import type { Digit } from './digits.js'
import { nearestByLoop } from './plain-loop.js'

export interface Measured {
  readonly queries: number
  /** How many of the true nearest neighbours the graph found, and of how many. */
  readonly found: number
  readonly sought: number
  /** Queries for which exact search and the plain loop name the same digits in the same order. */
  readonly exactAgrees: number
  /** Medians over the queries. */
  readonly graphMs: number
  readonly exactMs: number
  readonly loopMs: number
}

const neighbours = 10
const warmUps = 20

/** Asks every query three ways, one after the other, on one thread. */
export async function measure(
  collection: DigitCollection,
  digits: readonly Digit[],
  queries: readonly Float32Array[],
): Promise<Measured> {
  const vectors = digits.map(({ pixels }) => pixels)
  const graph = await timed(queries, async (vector) => idsOf(await collection.search({ vector, limit: neighbours, fields })))
  const exact = await timed(queries, async (vector) =>
    idsOf(await collection.search({ vector, limit: neighbours, fields, exact: true })),
  )
  const loop = await timed(queries, async (vector) => nearestByLoop(vectors, vector, neighbours).map((at) => digits[at]!.id))

  const hits = graph.answers.map((ids, at) => ids.filter((id) => exact.answers[at]!.includes(id)).length)
  return {
    queries: queries.length,
    found: hits.reduce((sum, count) => sum + count, 0),
    sought: queries.length * neighbours,
    exactAgrees: exact.answers.filter((ids, at) => ids.join() === loop.answers[at]!.join()).length,
    graphMs: graph.medianMs,
    exactMs: exact.medianMs,
    loopMs: loop.medianMs,
  }
}

function idsOf({ hits }: { hits: readonly { id: string }[] }): string[] {
  return hits.map((hit) => hit.id)
}

async function timed(queries: readonly Float32Array[], ask: (query: Float32Array) => Promise<string[]>) {
  for (const query of queries.slice(0, warmUps)) await ask(query)
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

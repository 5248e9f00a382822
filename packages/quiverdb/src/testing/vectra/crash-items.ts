/** How many ids there are: a higher number replaces the item of a lower one. */
const ids = 60
const dimensions = 200

/** The item of a number: its vector tells the number. */
export function crashItem(number: number): { id: string; vector: number[]; metadata: { number: number; text: string } } {
  const vector = Array.from({ length: dimensions }, (_, i) => number + i / dimensions)
  return { id: `${number % ids}`, vector, metadata: { number, text: 'é'.repeat(number % 50) } }
}

/** The numbers that are the newest of their ids when `last` is the last. */
export function newestUpTo(last: number): Map<string, number> {
  const newest = new Map<string, number>()
  for (let number = 0; number <= last; number++) newest.set(`${number % ids}`, number)
  return newest
}

import { distance } from '../cli/render/text.js'
import type { ReadableDigits } from './digit-database.js'
import type { Digit } from './digits.js'
import { type Picture, sideBySide } from './picture.js'
import { say, textWidth } from './page.js'

type Hit = Awaited<ReturnType<ReadableDigits['search']>>['hits'][number]

/** Shows stored digits, and an unseen one before them, as pictures. */
export class Gallery {
  readonly #pixels: ReadonlyMap<string, Float32Array>

  constructor(digits: readonly Digit[]) {
    this.#pixels = new Map(digits.map(({ id, pixels }) => [id, pixels]))
  }

  /** The query and as many of its hits as fit beside it. */
  show(query: Picture, hits: readonly Hit[]): void {
    this.showAll([query, ...hits.map((hit) => this.picture(hit))])
  }

  showAll(pictures: readonly Picture[]): void {
    say(sideBySide(pictures, textWidth))
  }

  /** A found digit: what it is, and how far from the query. */
  picture(hit: Hit, title = `a ${hit.record.label}`): Picture {
    return { captions: [title, `at ${distance(hit.distance)}`], pixels: this.#pixels.get(hit.id)! }
  }
}

/** How often each label is there, most frequent first: `8 x 4, 2 x 9`. */
export function labelsOf(hits: readonly Hit[]): { label: number; times: number }[] {
  const times = new Map<number, number>()
  for (const { record } of hits) times.set(record.label, (times.get(record.label) ?? 0) + 1)
  return [...times].map(([label, count]) => ({ label, times: count })).sort((a, b) => b.times - a.times || a.label - b.label)
}

export function sameHits(one: readonly Hit[], other: readonly Hit[]): boolean {
  return one.length === other.length && one.every((hit, at) => hit.id === other[at]!.id && hit.distance === other[at]!.distance)
}

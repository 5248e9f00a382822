import type { RowLocation, SetState } from '../version/directory.js'
import type { Parts } from '../version/parts.js'
import type { Fusion } from '../text-types.js'
import { type FusedCandidate, fusedScores } from './fusion.js'
import type { SearchPlan } from './plan.js'
import { rankAll } from './ranking.js'
import { VersionSearch } from './search.js'
import { type TextPlan, TextSearch } from './text-search.js'
import { type RankedRow, TopHits } from './top-hits.js'
import type { Steps } from './turns.js'

export interface HybridPlan {
  readonly vector: SearchPlan
  readonly text: TextPlan
  readonly fusion: Fusion | undefined
}

export interface FusedRow extends RowLocation, FusedCandidate {
  readonly score: number
}

/**
 * A search by a vector and one by words of the same version, each for so many candidates as its plan says. What only one of them found is scored by the
 * other too, exactly, so that a record is never worse off for having been just below what the other search returned.
 */
export class HybridSearch {
  /** Best first; equal scores by id. */
  rows: readonly FusedRow[] = []
  complete = true
  readonly #plan: HybridPlan
  readonly #parts: Parts

  constructor(plan: HybridPlan, parts: Parts) {
    this.#plan = plan
    this.#parts = parts
  }

  *steps(): Steps {
    const { vector, text, fusion } = this.#plan
    const near = new VersionSearch(vector, this.#parts)
    yield* near.steps()
    const candidates = new Candidates()
    near.hits.rows().forEach((row, place) => candidates.add(row, { distance: row.distance, vectorRank: place + 1 }))
    const said = new TextSearch({ ...text, also: candidates.bySet() }, this.#parts)
    yield* said.steps()
    for (const [state, scores] of said.alsoScores)
      for (const [slot, score] of scores) if (score > 0) candidates.add({ state, slot }, { textScore: score })
    const best = said.best.rows()
    best.forEach((row, place) => candidates.add(row, { textScore: row.score, textRank: place + 1 }))
    yield () => {
      const far = best.filter((row) => candidates.get(row).distance === undefined)
      for (const { state, slot, distance } of this.#distances(far)) candidates.add({ state, slot }, { distance })
    }
    this.complete = near.complete && said.complete
    const all = candidates.all()
    const scores = fusedScores(all, fusion, vector.index.index.definition.metric)
    yield () => {
      const ids = all.map(({ state, slot }) => state.set.id(slot))
      const order = all.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || (ids[a]! < ids[b]! ? -1 : 1))
      this.rows = order.map((i) => ({ ...all[i]!, score: scores[i]! }))
    }
  }

  /** Exact distances of rows, where they have a vector. */
  #distances(rows: readonly RowLocation[]): readonly RankedRow[] {
    const { vector } = this.#plan
    const held = rows.filter(({ state, slot }) => vector.index.index.holds(state.set, slot))
    const hits = new TopHits(Math.max(1, held.length))
    const locations = {
      sets: [...new Set(held.map(({ state }) => state))],
      slotIn(place: number, candidate: number): number {
        const { state, slot } = held[candidate]!
        return this.sets[place] === state ? slot : -1
      },
    }
    rankAll(vector, this.#parts, held.length, locations, hits)
    return hits.rows()
  }
}

/** Rows with what is known of them so far. */
class Candidates {
  readonly #rows = new Map<SetState, Map<number, RowLocation & FusedCandidate>>()

  add({ state, slot }: RowLocation, facts: FusedCandidate): void {
    let rows = this.#rows.get(state)
    if (!rows) this.#rows.set(state, (rows = new Map()))
    rows.set(slot, { ...rows.get(slot), ...facts, state, slot })
  }

  get({ state, slot }: RowLocation): FusedCandidate {
    return this.#rows.get(state)?.get(slot) ?? {}
  }

  bySet(): ReadonlyMap<SetState, readonly number[]> {
    return new Map([...this.#rows].map(([state, rows]) => [state, [...rows.keys()]]))
  }

  all(): (RowLocation & FusedCandidate)[] {
    return [...this.#rows.values()].flatMap((rows) => [...rows.values()])
  }
}

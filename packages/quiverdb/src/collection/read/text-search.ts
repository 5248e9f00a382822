import { and } from '../../filter/fields/bounds.js'
import { FieldPath } from '../../filter/places.js'
import { Bitset, forEachBit, wordsFor } from '../../format/bitset.js'
import type { TextDefinition } from '../../history/commit.js'
import type { Analyser } from '../../text/analyser.js'
import { Bm25, ScoreSheet } from '../../text/bm25.js'
import type { TermRows } from '../../text/postings.js'
import type { TextTotals } from '../../text/text-index.js'
import type { Budget } from '../../vector/budget.js'
import type { SetState } from '../version/directory.js'
import { livingWords } from '../version/index-state.js'
import type { Parts } from '../version/parts.js'
import type { CollectionState } from '../version/state.js'
import type { NamedTextIndex } from '../version/text-indexes.js'
import { BestRows } from './best-rows.js'
import type { RowFilter } from './matches.js'
import type { Steps } from './turns.js'

/** A search of one version of a collection by words. */
export interface TextPlan {
  readonly collection: CollectionState
  readonly text: TextDefinition
  readonly analyser: Analyser
  /** Distinct, ascending. */
  readonly terms: readonly string[]
  /** Rows with all of the terms only. */
  readonly needsAll: boolean
  /** Rows to find: limit and offset together. */
  readonly count: number
  readonly filter: RowFilter | undefined
  readonly budget: Budget
  /** Also tell the scores of these rows, by set and slot. */
  readonly also?: ReadonlyMap<SetState, readonly number[]>
}

/** Rows that are analysed in one step. */
const rowsPerStep = 64
const sheets = new WeakMap<Parts, ScoreSheet>()

/**
 * Scores all rows of a version that have a term of the query, set by set. What the scores depend on (how many texts there are, how long they are
 * together, how many have each term) are sums of whole numbers over the living rows, so it makes no difference in which parts they lie.
 */
export class TextSearch {
  readonly best: BestRows
  complete = true
  /** Rows that have a score and match. */
  matches = 0
  totals: TextTotals = { documents: 0, terms: 0 }
  /** Living rows with each term. */
  readonly withTerm: number[]
  /** Of the rows that were to be told too. */
  readonly alsoScores = new Map<SetState, readonly (readonly [slot: number, score: number])[]>()
  readonly #plan: TextPlan
  readonly #parts: Parts
  readonly #indexes = new Map<SetState, NamedTextIndex>()
  #searched = false

  constructor(plan: TextPlan, parts: Parts) {
    this.#plan = plan
    this.#parts = parts
    this.best = new BestRows(plan.count)
    this.withTerm = plan.terms.map(() => 0)
  }

  *steps(): Steps {
    const { collection, filter, terms } = this.#plan
    if (terms.length === 0) return
    for (const state of collection.sets) yield* this.#open(state)
    for (const state of collection.sets) {
      if (!this.#mayGoOn()) return
      yield () => this.#count(state)
    }
    if (filter) for (const state of collection.sets) yield () => void filter.matching(state)
    const bm25 = new Bm25(this.totals)
    const weights = this.withTerm.map((rows) => bm25.weight(rows))
    for (const state of collection.sets) {
      if (this.#searched && !this.#mayGoOn()) return
      yield () => this.#score(state, bm25, weights)
      this.#searched = true
    }
  }

  /** Nothing can be said before all rows are counted; from then on the first set is searched in any case. */
  #mayGoOn(): boolean {
    const { deadline } = this.#plan.budget
    this.complete &&= deadline === undefined || performance.now() < deadline
    return this.complete
  }

  /** Finds the index of a set, or makes it, which can be gone on with by a later search. */
  *#open(state: SetState): Steps {
    const { collection, text, analyser } = this.#plan
    const { textIndexes } = this.#parts
    const { set, rows, number } = state
    let found: NamedTextIndex | undefined
    yield () => {
      const entry = collection.entries.get(number)?.fields
      found = (entry && textIndexes.stored(this.#parts.fields(entry.key), text)) ?? textIndexes.made(set, text)
    }
    if (!found) {
      const growing = textIndexes.growing(set, text, analyser)
      const places = new FieldPath(text.field)
      while (growing.rows < rows) {
        if (!this.#mayGoOn()) return
        yield () => {
          for (let end = Math.min(rows, growing.rows + rowsPerStep); growing.rows < end;)
            growing.add(places.placesIn(JSON.parse(set.fieldsText(growing.rows))))
        }
      }
      found = set.key === null ? { index: growing, name: undefined } : textIndexes.seal(set, set.key, text, growing)
    }
    this.#indexes.set(state, found)
  }

  /** Adds what a set has to the totals: what its index says, less what is dead. */
  #count(state: SetState): void {
    const { index } = this.#indexes.get(state)!
    const lists = this.#listsOf(state)
    const totals = livingTotals(state, index)
    this.totals = { documents: this.totals.documents + totals.documents, terms: this.totals.terms + totals.terms }
    const anyDead = hasDead(state)
    lists.forEach((list, i) => (this.withTerm[i]! += list ? livingIn(list, state, anyDead) : 0))
  }

  #listsOf(state: SetState): (TermRows | undefined)[] {
    const named = this.#indexes.get(state)!
    return this.#plan.terms.map((term) => this.#parts.textIndexes.find(named, term, state.rows))
  }

  #score(state: SetState, bm25: Bm25, weights: readonly number[]): void {
    const { filter, needsAll, also } = this.#plan
    const { index } = this.#indexes.get(state)!
    const lists = this.#listsOf(state)
    const { lengths } = index
    // Ids are read before anything is counted: what has to wait for them begins again.
    if (state.rows > 0) state.set.id(0)
    const allowed = allowedRows(state, filter, needsAll ? lists : [])
    const sheet = this.#sheet()
    sheet.begin(state.rows)
    lists.forEach((list, i) => list && sheet.add(list, weights[i]!, bm25, lengths, allowed))
    this.matches += sheet.count
    sheet.forEach((slot, score) => this.best.push(score, state, slot))
    const wanted = also?.get(state)
    if (wanted)
      this.alsoScores.set(
        state,
        wanted.map((slot) => [slot, sheet.score(slot)] as const),
      )
  }

  /** One for all searches: a set is scored in one go. */
  #sheet(): ScoreSheet {
    let sheet = sheets.get(this.#parts)
    if (!sheet) sheets.set(this.#parts, (sheet = new ScoreSheet()))
    return sheet
  }
}

function livingTotals(state: SetState, { rows, lengths, totals }: NamedTextIndex['index']): TextTotals {
  let { documents, terms } = totals
  const leaveOut = (slot: number): void => {
    const length = lengths[slot]!
    if (length > 0) documents--
    terms -= length
  }
  forEachBit(state.dead.words, state.rows, leaveOut)
  // Rows that came after the version.
  for (let slot = state.rows; slot < rows; slot++) leaveOut(slot)
  return { documents, terms }
}

function hasDead({ dead }: SetState): boolean {
  return dead.words.some((word) => word !== 0)
}

function livingIn(pairs: TermRows, { dead }: SetState, anyDead: boolean): number {
  let living = pairs.length / 2
  if (anyDead) for (let i = 0; i < pairs.length; i += 2) if (dead.has(pairs[i]!)) living--
  return living
}

/** The living rows that match and are in all of some lists; undefined where that leaves none out. */
function allowedRows(
  state: SetState,
  filter: RowFilter | undefined,
  needed: readonly (TermRows | undefined)[],
): Uint32Array | undefined {
  let allowed = filter?.matching(state).words
  if (!allowed && hasDead(state)) {
    const all = Bitset.over(new Uint32Array(wordsFor(state.rows)).fill(0xffffffff))
    allowed = new Uint32Array(wordsFor(state.rows))
    livingWords(all, state.dead, state.rows, allowed)
  }
  for (const list of needed) {
    const words = new Uint32Array(wordsFor(state.rows))
    if (list) for (let i = 0; i < list.length; i += 2) words[list[i]! >>> 5]! |= 1 << (list[i]! & 31)
    allowed = allowed ? and(allowed, words) : words
  }
  return allowed
}

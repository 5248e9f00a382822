import { countBits, wordsFor } from '../format/bitset.js'
import { graphPresets } from '../vector/graph-image.js'
import { recallAt } from '../vector/recall-curve.js'
import { livingWords, type IndexState } from './version/index-state.js'
import type { CollectionState } from './version/state.js'
import { isSameText } from './version/texts.js'
import { whenResident } from '../segment/part-file.js'
import type { Ledger } from './ledger.js'
import { managedStatus } from './managed/managed-status.js'
import type { FieldsEntry } from '../history/commit.js'
import type { TextLanguage } from '../text/language.js'
import { languageOf } from '../text/analyser.js'
import type { FieldStatus, IndexStatus } from './types.js'
import type { TextStatus } from './text-types.js'

/** Living rows that belong to an index, and those of them that no graph holds. */
export function countIndexed(
  collection: CollectionState,
  index: IndexState,
): { records: number; unindexed: number; skipped: number } {
  let records = 0
  let unindexed = 0
  let skipped = 0
  for (const { set, rows, dead } of collection.sets) {
    const { held, open, openRows } = index.coverage.of(set, rows)
    const words = new Uint32Array(wordsFor(rows))
    livingWords(held, dead, rows, words)
    records += countBits(words)
    skipped += index.index.skipped(set)
    if (openRows === 0) continue
    livingWords(open, dead, rows, words)
    unindexed += countBits(words)
  }
  return { records, unindexed, skipped }
}

export function fieldStatus(collection: CollectionState): FieldStatus[] {
  return collection.fields.map((path) => ({ path, ...countCovered(collection, ({ paths }) => paths.includes(path)) }))
}

export function textStatus(collection: CollectionState): TextStatus[] {
  return collection.texts.map((text) => ({
    ...text,
    language: languageOf(text.analyser) as TextLanguage,
    ...countCovered(collection, ({ texts }) => texts?.some((made) => isSameText(made, text)) ?? false),
  }))
}

/** Records in parts whose field part has what is asked for, and the others. */
function countCovered(
  collection: CollectionState,
  has: (fields: FieldsEntry) => boolean,
): { readonly indexed: number; readonly unindexed: number } {
  let indexed = 0
  for (const { number, rows, dead } of collection.sets) {
    const fields = collection.entries.get(number)?.fields
    if (fields && has(fields)) indexed += rows - dead.count()
  }
  return { indexed, unindexed: collection.records - indexed }
}

/** The indexes of a collection and how far each is. */
export async function indexStatuses(ledger: Ledger, collection: CollectionState): Promise<IndexStatus[]> {
  const statuses: IndexStatus[] = []
  for (const state of collection.indexes) {
    const { index } = state
    const status = await whenResident(() =>
      indexStatus(collection, state, ledger.building(collection.uuid, index.definition.uuid)),
    )
    if (!index.isManaged) statuses.push(status)
    else statuses.push({ ...status, managed: await managedStatus(ledger, collection, index, status.records) })
  }
  return statuses
}

function indexStatus(collection: CollectionState, index: IndexState, building: boolean): IndexStatus {
  const { uuid: _, embedder: __, where, ...definition } = index.index.definition
  const { efSearch } = graphPresets[definition.preset]
  const headers = index.graphs.map(({ header }) => header)
  return {
    ...definition,
    ...(where !== undefined && { where: where as IndexStatus['where'] }),
    status: building ? 'building' : 'ready',
    ...countIndexed(collection, index),
    graphs: index.graphs.map(({ nodes }) => nodes),
    modes: headers.map((header) => header.mode),
    recalls: headers.map(({ recall }) => (recall ? recallAt(recall, efSearch) : null)),
  }
}

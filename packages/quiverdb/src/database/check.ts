import * as v from 'valibot'
import { QuiverError } from '../errors.js'
import { decodeCommit } from '../history/commit.js'
import type { BranchKeys } from '../history/keys.js'
import type { Parts } from '../collection/version/parts.js'
import type { IndexState } from '../collection/version/index-state.js'
import type { CollectionState, NamespaceState } from '../collection/version/state.js'
import { wordsFor } from '../format/bitset.js'
import { scanBlock } from '../vector/scan.js'
import type { Metric } from '../vector/metric.js'
import { partsOf, snapshotParts } from './collector.js'
import { nextTurn } from './next-turn.js'
import { fieldSections, indexRows } from '../segment/field-part.js'
import { whenResident } from '../segment/part-file.js'
import { loadTexts } from '../collection/version/texts.js'
import type { ObjectStore } from '../store/object-store.js'
import { isKnownAnalyser } from '../text/analyser.js'

export interface CheckProblem {
  readonly kind: 'damaged' | 'lost' | 'unreachable' | 'unfound'
  /** The object, where it is one. */
  readonly key?: string
  readonly message: string
}

export interface CheckReport {
  readonly ok: boolean
  readonly objects: number
  readonly records: number
  readonly graphs: number
  readonly problems: readonly CheckProblem[]
}

export interface CheckOptions {
  /** `done` of `total` objects and records; called at most once for each. */
  onProgress?: (progress: { done: number; total: number; what: string }) => void
  signal?: AbortSignal
}

export const checkOptions = v.strictObject({ onProgress: v.optional(v.function()), signal: v.optional(v.instance(AbortSignal)) })

/** Problems that are listed one by one; beyond it they are only counted as `not ok`. */
const problemsMax = 1_000
/** Other work gets a turn after so many records. */
const recordsPerTurn = 200

/** Verifies one namespace at its newest version, and every object that it has in the store. */
export async function checkNamespace(
  state: NamespaceState,
  store: ObjectStore,
  keys: BranchKeys,
  parts: Parts,
  options: CheckOptions,
): Promise<CheckReport> {
  const problems: CheckProblem[] = []
  const report = (problem: CheckProblem): void => {
    if (problems.length < problemsMax) problems.push(problem)
  }
  const present: string[] = []
  for await (const key of store.list(keys.root)) present.push(key)
  const records = [...state.collections.values()].reduce((sum, { records }) => sum + records, 0)
  const total = present.length + records
  let done = 0
  const step = async (what: string): Promise<void> => {
    if (options.signal?.aborted) throw new QuiverError('ABORTED', 'The check was aborted.', { cause: options.signal.reason })
    done++
    options.onProgress?.({ done, total, what })
    if (done % recordsPerTurn === 0) await nextTurn()
  }
  const referenced = new Set(partsOf(state))
  // Commits and snapshots first: they say which parts anybody needs.
  for (const key of [...present].sort((a, b) => rank(keys, a) - rank(keys, b))) {
    await checkObject(store, parts, keys, key, referenced, report)
    await step('objects')
  }
  let graphs = 0
  for (const collection of state.collections.values()) {
    try {
      await checkRecords(collection, parts, report, () => step('records'))
      await checkFields(collection, parts, report)
      for (const index of collection.indexes) graphs += await checkGraphs(collection, index, parts, report)
    } catch (error) {
      if (!(error instanceof QuiverError) || (error.code !== 'CORRUPT' && error.code !== 'NOT_FOUND')) throw error
      report({
        kind: error.code === 'CORRUPT' ? 'damaged' : 'lost',
        message: error.message,
        key: error.details['key'] as string | undefined,
      })
    }
  }
  return { ok: problems.length === 0, objects: present.length, records, graphs, problems }
}

/** Every checksum of an object. Pins and boundaries have no contents to verify. */
async function checkObject(
  store: ObjectStore,
  parts: Parts,
  keys: BranchKeys,
  key: string,
  referenced: Set<string>,
  report: (problem: CheckProblem) => void,
): Promise<void> {
  const kind = kindOf(keys, key)
  if (!kind) return
  const bytes = await store.get(key)
  if (!bytes) return // Collected meanwhile.
  try {
    parts.containers.decode(bytes, key, kind)
    for (const part of referencesOf(parts, key, kind, bytes)) referenced.add(part)
  } catch (error) {
    if (!(error instanceof QuiverError)) throw error
    // A part that no version names is an upload that was cut off, and waits for the collector.
    if (kind !== 'commit' && kind !== 'snapshot' && !referenced.has(key)) return
    report({ kind: 'damaged', key, message: error.message })
  }
}

/** The parts that a commit or a snapshot names. */
function referencesOf(parts: Parts, key: string, kind: ReturnType<typeof kindOf>, bytes: Uint8Array): string[] {
  if (kind === 'snapshot') return snapshotParts(parts, key, bytes)
  if (kind !== 'commit') return []
  const operations = decodeCommit(parts.containers, bytes, key).transactions.flatMap(({ ops }) => ops)
  return operations.flatMap((operation) => {
    if (operation.op === 'attachGraph') return [operation.graph]
    const fields = 'fields' in operation && operation.fields !== undefined ? [operation.fields.key] : []
    return 'part' in operation && operation.part !== undefined ? [operation.part, ...fields] : fields
  })
}

function rank(keys: BranchKeys, key: string): number {
  const kind = kindOf(keys, key)
  return kind === 'commit' || kind === 'snapshot' ? 0 : 1
}

function kindOf(keys: BranchKeys, key: string): 'commit' | 'snapshot' | 'rows' | 'graph' | 'fields' | undefined {
  if (key.startsWith(keys.logPrefix)) return 'commit'
  if (key.startsWith(keys.snapshotPrefix)) return 'snapshot'
  if (key.startsWith(keys.rowsPrefix)) return 'rows'
  if (key.startsWith(keys.graphPrefix)) return 'graph'
  if (key.startsWith(keys.fieldsPrefix)) return 'fields'
  return undefined
}

/** Every living row is what its id leads to, and an exact search for its vector finds it at the distance of its own vector or nearer ones only. */
async function checkRecords(
  collection: CollectionState,
  parts: Parts,
  report: (problem: CheckProblem) => void,
  step: () => Promise<void>,
): Promise<void> {
  const rows: { number: number; slot: number; id: string }[] = []
  await whenResident(() => {
    rows.length = 0
    collection.forEachRow(({ number, set }, slot) => rows.push({ number, slot, id: set.id(slot) }))
  })
  if (rows.length !== collection.records) {
    report({
      kind: 'lost',
      message: `Collection '${collection.name}' counts ${collection.records} records and has ${rows.length}.`,
    })
  }
  for (const { number, slot, id } of rows) {
    await whenResident(() => {
      const found = collection.find(id)
      if (!found || found.state.number !== number || found.slot !== slot) {
        report({ kind: 'lost', message: `Record '${id}' of collection '${collection.name}' is not where its id leads.` })
        return
      }
      JSON.parse(found.state.set.fieldsText(slot))
      for (const index of collection.indexes) checkFound(index, parts, found.state.set, slot, id, report)
    })
    await step()
  }
}

/**
 * Whether an exact search finds the record. Such a search keeps every row whose lower bound does not exceed the distances of the nearest, so a
 * record is found by the search for its own vector when its code's bound allows its own distance; that needs a scan of this row only.
 */
function checkFound(
  index: IndexState,
  parts: Parts,
  set: CollectionState['sets'][number]['set'],
  slot: number,
  id: string,
  report: (problem: CheckProblem) => void,
): void {
  if (!index.index.holds(set, slot)) return
  const { dimensions, metric, name } = index.index.definition
  const column = index.index.column(set)!
  const query = new Float32Array(dimensions)
  column.readInto(slot, new Uint8Array(query.buffer))
  const allowed = new Uint32Array(wordsFor(set.rows))
  allowed[slot >>> 5] = 1 << (slot & 31)
  const found = parts.residency.run(() => scanBlock(column.codes(), query, metric, { k: 1, allowed }))
  const own = ownDistance(metric, query)
  const held = index.coverage.of(set, set.rows).held.has(slot)
  if (held && found.count === 1 && found.lowers[0]! <= own + ownDistanceSlack * (1 + Math.abs(own))) return
  report({ kind: 'unfound', message: `An exact search of index '${name}' does not find record '${id}'.` })
}

/** Rounding of the distance of a vector to itself. */
const ownDistanceSlack = 1e-6

function ownDistance(metric: Metric, vector: Float32Array): number {
  const squares = vector.reduce((sum, value) => sum + value * value, 0)
  if (metric === 'dot') return -squares
  return metric === 'cosine' && squares === 0 ? 1 : 0
}

/** Every field index is what its rows give today: the bytes are the same, since making it leaves nothing to chance. */
async function checkFields(collection: CollectionState, parts: Parts, report: (problem: CheckProblem) => void): Promise<void> {
  for (const { number, set, rows } of collection.sets) {
    const entry = collection.entries.get(number)?.fields
    if (!entry) continue
    const addresses = Array.from({ length: rows }, (_, slot) => ({ set, slot }))
    const part = parts.fields(entry.key)
    // Analysers that only a later version of Quiver knows are for it to check.
    const isKnown = await whenResident(() => part.texts.every(({ analyser }) => isKnownAnalyser(analyser)))
    if (!isKnown) continue
    const texts = await loadTexts(part.texts)
    const differing = await whenResident(() => {
      const sections = fieldSections(indexRows(addresses, { paths: part.paths, texts }))
      const made = new Map(sections.map(({ name, bytes }) => [name, bytes]))
      const present = [...part.file.directory().sections.keys()]
      return (
        part.rows !== rows ||
        present.length !== made.size ||
        !present.every((name) => sameBytes(part.file.readSection(name), made.get(name)))
      )
    })
    if (!differing) continue
    const message = `The field indexes ${entry.key} of collection '${collection.name}' are not those of its rows.`
    report({ kind: 'damaged', key: entry.key, message })
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.byteLength === b?.byteLength && a.every((byte, i) => byte === b[i])
}

async function checkGraphs(
  collection: CollectionState,
  index: IndexState,
  parts: Parts,
  report: (problem: CheckProblem) => void,
): Promise<number> {
  for (const graph of index.graphs) {
    const unreachable = await whenResident(() => parts.residency.run(() => graph.graph().audit()))
    if (unreachable > 0) {
      report({
        kind: 'unreachable',
        key: graph.key,
        message: `${unreachable} nodes of a graph of index '${index.index.definition.name}' in collection '${collection.name}' cannot be reached.`,
      })
    }
  }
  return index.graphs.length
}

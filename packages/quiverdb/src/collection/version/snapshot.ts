import * as v from 'valibot'
import { bytesOf, uint32s } from '../../format/bytes.js'
import { concat, corrupt, type Section } from '../../format/container.js'
import { snapshotMeta, type SnapshotMeta } from '../../history/snapshot-format.js'
import { Bitset } from '../../format/bitset.js'
import { Memtable, type NewVector } from '../../segment/memtable.js'
import { exactValues } from '../../segment/row-set.js'
import { sealRows, type RowAddress } from '../../segment/row-encoder.js'
import { Coverage, IndexState, VectorIndex } from './index-state.js'
import type { SetState } from './directory.js'
import type { Parts } from './parts.js'
import { reshapeRows } from './reshape.js'
import { CollectionState, NamespaceState, type PartEntry } from './state.js'

/** Writes a whole version: which parts it has, what is deleted in them, and the rows that are only in memory. */
export function encodeSnapshot(state: NamespaceState, parts: Parts): Uint8Array {
  const sections: Section[] = []
  const collections = [...state.collections.values()].map((collection, index) =>
    encodeCollection(collection, parts, `${index}`, sections),
  )
  const meta: SnapshotMeta = { seq: state.seq, timeMs: state.timeMs, named: [...state.named], collections }
  return concat(parts.containers.encode('snapshot', meta, sections))
}

function encodeCollection(
  collection: CollectionState,
  parts: Parts,
  name: string,
  sections: Section[],
): SnapshotMeta['collections'][number] {
  const memory: RowAddress[] = []
  const entries: SnapshotMeta['collections'][number]['parts'] = []
  for (const { number, set, rows, dead } of collection.sets) {
    const entry = collection.entries.get(number)
    if (entry) {
      const any = dead.count() > 0
      if (any) sections.push({ name: `${name}.dead${number}`, bytes: bytesOf(dead.words) })
      entries.push({ ...entry, dead: any ? `${name}.dead${number}` : undefined })
    } else {
      for (let slot = 0; slot < rows; slot++) if (!dead.has(slot)) memory.push({ set, slot })
    }
  }
  if (memory.length > 0) {
    const { rows, columns } = reshapeRows(memory, parts.pool)
    sections.push({
      name: `${name}.memory`,
      bytes: concat(sealRows(parts.containers, parts.pool, rows, { columns, numbered: true, codes: false })),
    })
  }
  return {
    uuid: collection.uuid,
    name: collection.name,
    parts: entries,
    ...(collection.fields.length > 0 && { fields: [...collection.fields] }),
    ...(collection.texts.length > 0 && { texts: [...collection.texts] }),
    memory: memory.length > 0 ? `${name}.memory` : undefined,
    indexes: collection.indexes.map(({ index, graphs }) => ({
      definition: index.definition,
      graphs: graphs.map(({ key, nodes }) => ({ key, nodes })),
    })),
  }
}

export function decodeSnapshot(bytes: Uint8Array, key: string, parts: Parts): NamespaceState {
  const object = parts.containers.decode(bytes, key, 'snapshot')
  const parsed = v.safeParse(snapshotMeta, object.meta)
  if (!parsed.success) throw corrupt(key, `its contents are not those of a snapshot (${parsed.issues[0].message})`)
  const { seq, timeMs, named, collections } = parsed.output
  const states = collections.map((collection) => decodeCollection(collection, parts, object.section))
  return new NamespaceState(seq, timeMs, new Map(states.map((state) => [state.uuid, state])), named)
}

function decodeCollection(
  collection: SnapshotMeta['collections'][number],
  parts: Parts,
  section: (name: string) => Uint8Array,
): CollectionState {
  const sets: SetState[] = []
  const entries = new Map<number, PartEntry>()
  let records = 0
  for (const { key, rows, base, dead, fields } of collection.parts) {
    const bits = dead === undefined ? new Bitset() : Bitset.over(uint32s(section(dead)).slice())
    const number = parts.nextSetNumber()
    sets.push({ number, set: parts.rows(key, base), rows, dead: bits })
    entries.set(number, { key, rows, base, fields })
    records += rows - bits.count()
  }
  const indexes = collection.indexes.map(({ definition, graphs }) => {
    const index = new VectorIndex(definition, parts.pool, parts.residency)
    return new IndexState(
      new Coverage(
        index,
        graphs.map(({ key, nodes }) => parts.graph(key, nodes)),
      ),
    )
  })
  if (collection.memory !== undefined) {
    const table = decodeMemory(section(collection.memory), collection.memory, parts)
    sets.push({ number: parts.nextSetNumber(), set: table, rows: table.rows, dead: new Bitset(table.rows) })
    records += table.rows
  }
  return new CollectionState({
    uuid: collection.uuid,
    name: collection.name,
    sets,
    entries,
    indexes,
    fields: collection.fields ?? [],
    texts: collection.texts ?? [],
    records,
    directory: undefined,
  })
}

function decodeMemory(bytes: Uint8Array, name: string, parts: Parts): Memtable {
  const block = parts.block(bytes, name)
  const table = new Memtable(parts.pool, parts.residency)
  for (const { key, dimensions } of block.meta.columns) table.addColumn(key, dimensions)
  for (let slot = 0; slot < block.rows; slot++) {
    const vectors = new Map<string, NewVector>()
    for (const { key } of block.meta.columns) {
      const column = block.column(key)!
      if (column.has(slot)) vectors.set(key, { values: exactValues(column, slot), vid: column.vid(slot) })
    }
    table.append(block.id(slot), block.rid(slot), block.fieldsText(slot), vectors)
  }
  return table
}

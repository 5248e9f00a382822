import * as v from 'valibot'
import { concat, corrupt, type Containers, type Section } from '../format/container.js'

/**
 * A commit object: one entry of a namespace's log and one version of it (`docs/FORMAT.md`, "Commit").
 *
 * Operations name collections by uuid and records by id, never by address, so that a commit can be rebased onto whatever came before it.
 */
const rowsOperation = v.object({
  /** Writes rows. A row replaces the record of its id; fields or vectors that the row leaves out by `keep` stay as they were. */
  op: v.literal('rows'),
  collection: v.string(),
  rows: v.number(),
  /** Number of the first row within the commit. */
  first: v.number(),
  /** The object that holds the rows; without it they are a section of this commit. */
  part: v.optional(v.string()),
  section: v.optional(v.string()),
})

const deleteOperation = v.object({ op: v.literal('delete'), collection: v.string(), ids: v.array(v.string()) })

export const indexDefinition = v.object({
  uuid: v.string(),
  name: v.string(),
  field: v.string(),
  source: v.picklist(['field', 'external', 'managed']),
  /** Id of the embedder whose vectors a managed index holds; no others have it. */
  embedder: v.optional(v.string()),
  dimensions: v.number(),
  metric: v.picklist(['cosine', 'dot', 'l2']),
  zeroVectors: v.picklist(['refuse', 'keep']),
  codes: v.picklist(['int8', 'float32']),
  preset: v.picklist(['default', 'highRecall', 'highSpeed']),
  /** What its graphs keep in memory; absent: whoever builds one decides by its size. */
  mode: v.optional(v.picklist(['speed', 'balanced', 'memory'])),
  /** In the syntax of `where`; absent for an index over all records. */
  where: v.optional(v.unknown()),
})
export type IndexDefinition = v.InferOutput<typeof indexDefinition>

const createCollection = v.object({ op: v.literal('createCollection'), collection: v.string(), name: v.string() })
const dropCollection = v.object({ op: v.literal('dropCollection'), collection: v.string() })
const createIndex = v.object({ op: v.literal('createIndex'), collection: v.string(), index: indexDefinition })
const dropIndex = v.object({ op: v.literal('dropIndex'), collection: v.string(), index: v.string() })
/** Changes nothing: its commit exists to be named. */
const nameVersion = v.object({ op: v.literal('name') })

/** Which paths are to have field indexes: some more, and some no longer. */
const declareFields = v.object({
  op: v.literal('declareFields'),
  collection: v.string(),
  add: v.array(v.string()),
  drop: v.array(v.string()),
})

/** A text index: which field's texts, and what made terms of them. */
export const textDefinition = v.object({
  field: v.string(),
  /** Recorded by name, so that terms are always made as those that are stored. */
  analyser: v.string(),
})
export type TextDefinition = v.InferOutput<typeof textDefinition>

/** Which fields are to have text indexes: some more, and some no longer. */
const declareTexts = v.object({
  op: v.literal('declareTexts'),
  collection: v.string(),
  add: v.array(textDefinition),
  drop: v.array(v.string()),
})

/** A field part beside a row part. */
export const fieldsEntry = v.object({
  key: v.string(),
  /** The paths that were declared when it was made, sorted. */
  paths: v.array(v.string()),
  /** The text indexes in it, where there are any. */
  texts: v.optional(v.array(textDefinition)),
})
export type FieldsEntry = v.InferOutput<typeof fieldsEntry>

/** Maintenance: what the records are does not change, only where they lie. */
const flush = v.object({
  op: v.literal('flush'),
  collection: v.string(),
  part: v.string(),
  rows: v.number(),
  /** Rows in memory numbered up to this one are now in the part. */
  through: v.number(),
  /** Of the part, where fields or texts are declared. */
  fields: v.optional(fieldsEntry),
})
const compact = v.object({
  op: v.literal('compact'),
  collection: v.string(),
  inputs: v.array(v.string()),
  part: v.string(),
  rows: v.number(),
  fields: v.optional(fieldsEntry),
})
const attachGraph = v.object({
  op: v.literal('attachGraph'),
  collection: v.string(),
  index: v.string(),
  graph: v.string(),
  nodes: v.number(),
  /** Graphs that it takes the place of. */
  replaces: v.array(v.string()),
})
const attachFields = v.object({
  op: v.literal('attachFields'),
  collection: v.string(),
  /** Key of the row part. */
  rowPart: v.string(),
  fields: fieldsEntry,
})

export const operation = v.variant('op', [
  rowsOperation,
  deleteOperation,
  createCollection,
  dropCollection,
  createIndex,
  dropIndex,
  nameVersion,
  flush,
  compact,
  attachGraph,
  declareFields,
  attachFields,
  declareTexts,
])
export type Operation = v.InferOutput<typeof operation>
export type RowsOperation = v.InferOutput<typeof rowsOperation>
export type FlushOperation = v.InferOutput<typeof flush>
export type CompactOperation = v.InferOutput<typeof compact>
export type AttachGraphOperation = v.InferOutput<typeof attachGraph>
export type AttachFieldsOperation = v.InferOutput<typeof attachFields>

const transaction = v.object({
  /** The caller's own uuid. */
  tx: v.string(),
  /** What a transaction read, for its validation: ids, and conditions in the syntax of `where`. */
  reads: v.optional(
    v.array(v.object({ collection: v.string(), ids: v.optional(v.array(v.string())), where: v.optional(v.unknown()) })),
  ),
  ops: v.array(operation),
})
export type Transaction = v.InferOutput<typeof transaction>

const header = v.object({
  seq: v.number(),
  /** Of this commit object: how a writer recognises its own after an uncertain answer. */
  uuid: v.string(),
  kind: v.picklist(['write', 'named', 'maintenance']),
  /** By the writer's clock, in milliseconds since 1970. */
  timeMs: v.number(),
  message: v.optional(v.string()),
  /** Records that it wrote or deleted. */
  changed: v.number(),
  transactions: v.array(transaction),
})
export type CommitHeader = v.InferOutput<typeof header>

export interface Commit extends CommitHeader {
  /** Row blocks written inside the commit, by section name. */
  readonly blocks: ReadonlyMap<string, Uint8Array>
}

/** A commit is created by one request: above this it must name objects instead of holding rows. */
export const commitBytesMax = 8 * 1024 * 1024

export function encodeCommit(containers: Containers, commit: Commit): Uint8Array {
  const { blocks, ...meta } = commit
  const sections: Section[] = [...blocks].map(([name, bytes]) => ({ name, bytes }))
  return concat(containers.encode('commit', meta, sections))
}

export function decodeCommit(containers: Containers, bytes: Uint8Array, key: string): Commit {
  const object = containers.decode(bytes, key, 'commit')
  const parsed = v.safeParse(header, object.meta)
  if (!parsed.success) throw corrupt(key, `its header is not that of a commit (${parsed.issues[0].message})`)
  return { ...parsed.output, blocks: new Map(object.names.map((name) => [name, object.section(name)])) }
}

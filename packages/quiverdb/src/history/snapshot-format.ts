import * as v from 'valibot'
import { fieldsEntry, indexDefinition, textDefinition } from './commit.js'

/** What a manifest snapshot says beside its sections (`docs/FORMAT.md`, "Snapshot"): a whole version, readable without the log before it. */
export const snapshotMeta = v.object({
  seq: v.number(),
  timeMs: v.number(),
  named: v.array(v.object({ seq: v.number(), timeMs: v.number(), message: v.string() })),
  collections: v.array(
    v.object({
      uuid: v.string(),
      name: v.string(),
      /** Row parts, oldest first. `dead` names the section with the bitset of deleted slots, where there are any. */
      parts: v.array(
        v.object({
          key: v.string(),
          rows: v.number(),
          base: v.number(),
          dead: v.optional(v.string()),
          fields: v.optional(fieldsEntry),
        }),
      ),
      /** Paths that are to have field indexes, sorted. */
      fields: v.optional(v.array(v.string())),
      /** Text indexes that there are to be, by field. */
      texts: v.optional(v.array(textDefinition)),
      /** The section with the rows that are in no part yet. */
      memory: v.optional(v.string()),
      indexes: v.array(
        v.object({ definition: indexDefinition, graphs: v.array(v.object({ key: v.string(), nodes: v.number() })) }),
      ),
    }),
  ),
})
export type SnapshotMeta = v.InferOutput<typeof snapshotMeta>

import { encodeFieldPart } from '../../segment/field-part.js'
import { pathsInText } from '../version/fields.js'
import type { Parts } from '../version/parts.js'
import type { FieldsJob, JobResult } from './jobs.js'

/** Makes the indexes of all declared paths of one row part. */
export function indexFields({ input, paths }: FieldsJob, parts: Parts): JobResult {
  const set = parts.rows(input.key, input.base)
  const rows = Array.from({ length: set.rows }, (_, slot) => ({ set, slot }))
  return { chunks: encodeFieldPart(parts.containers, rows, pathsInText(paths, set.columnKeys())), count: set.rows }
}

import { encodeFieldPart } from '../../segment/field-part.js'
import { pathsInText } from '../version/fields.js'
import type { Parts } from '../version/parts.js'
import { loadTexts } from '../version/texts.js'
import type { FieldsJob, JobResult } from './jobs.js'

/** Makes the indexes of all declared fields of one row part. */
export async function indexFields({ input, indexed }: FieldsJob, parts: Parts): Promise<JobResult> {
  const texts = await loadTexts(indexed.texts)
  const set = parts.rows(input.key, input.base)
  const rows = Array.from({ length: set.rows }, (_, slot) => ({ set, slot }))
  const fields = { paths: pathsInText(indexed.paths, set.columnKeys()), texts }
  return { chunks: encodeFieldPart(parts.containers, rows, fields), count: set.rows }
}

import type { IndexDefinition } from '../../history/commit.js'

/** Which column of a row set holds the vectors of an index. Indexes of one field and size share one; vectors that lie beside the records have one for each index. */
export function columnKeyOf(definition: Pick<IndexDefinition, 'source' | 'uuid' | 'field' | 'dimensions'>): string {
  return definition.source === 'field' ? `field:${definition.dimensions}:${definition.field}` : `external:${definition.uuid}`
}

/** The field behind the key of a column whose vectors lie in the records; undefined for external ones. */
export function columnField(columnKey: string): string | undefined {
  return /^field:\d+:(.*)$/s.exec(columnKey)?.[1]
}

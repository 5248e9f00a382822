import type { IndexDefinition } from '../../history/commit.js'

/** Which column of a row set holds the vectors of an index. Indexes of one field and size share one. */
export function columnKeyOf(definition: Pick<IndexDefinition, 'source' | 'uuid' | 'field' | 'dimensions'>): string {
  return definition.source === 'external' ? `external:${definition.uuid}` : `field:${definition.dimensions}:${definition.field}`
}

/** The field behind the key of a column whose vectors lie in the records; undefined for external ones. */
export function columnField(columnKey: string): string | undefined {
  return /^field:\d+:(.*)$/s.exec(columnKey)?.[1]
}

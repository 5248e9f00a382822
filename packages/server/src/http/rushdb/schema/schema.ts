import type { Unit } from '../project.js'
import { propertyId } from '../properties/property.js'
import { pagesOf } from '../query/pages.js'
import { labelsOf } from '../relations/attach.js'
import { shownType } from '../relations/edges.js'
import { type PropertyType, storedName, type StoredRecord, type StoredRelationship, typeAndName } from '../stored.js'
import type { EmbeddingIndex } from '../vectors/status.js'
import { PropertySummaries, type SummaryOfValues } from './summary.js'

/** What the records of a label are like. */
export interface SchemaItem {
  readonly label: string
  readonly count: number
  readonly properties: readonly SchemaProperty[]
  readonly relationships: readonly SchemaRelationship[]
}

export interface SchemaProperty extends SummaryOfValues {
  readonly id: string
  readonly name: string
  readonly type: PropertyType
  /** Of the label. */
  readonly recordsCount: number
  readonly vectorIndexes?: readonly Pick<
    EmbeddingIndex,
    'id' | 'sourceType' | 'similarityFunction' | 'dimensions' | 'status' | 'modelKey'
  >[]
}

export interface SchemaRelationship {
  /** Of the records at the other end. */
  readonly label: string
  readonly type: string
  readonly direction: 'in' | 'out'
  readonly count: number
  readonly properties?: readonly (SummaryOfValues & {
    readonly name: string
    readonly type: PropertyType
    readonly relationshipsCount: number
  })[]
}

interface LabelSummary {
  count: number
  readonly properties: PropertySummaries
  readonly relationships: Map<string, { end: Pick<SchemaRelationship, 'label' | 'type' | 'direction'>; edges: EdgeSummary }>
}

interface EdgeSummary {
  count: number
  readonly properties: PropertySummaries
}

/** What a project holds, label by label, the most frequent first: one pass over its records and one over its relationships. */
export async function schemaOf(unit: Unit): Promise<SchemaItem[]> {
  const labels = new Map<string, LabelSummary>()
  for await (const page of pagesOf(unit.records, {})) for (const record of page) addRecord(labels, record)
  for await (const page of pagesOf(unit.relationships, {})) {
    const labelsOfEnds = await labelsOf(unit, new Set(page.flatMap(({ source, target }) => [source, target])))
    for (const edge of page) addEdge(labels, edge, labelsOfEnds.get(edge.source), labelsOfEnds.get(edge.target))
  }
  return [...labels]
    .map(([label, summary]) => itemOf(unit, label, summary))
    .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1))
}

function addRecord(labels: Map<string, LabelSummary>, { label, props, data }: StoredRecord): void {
  if (label === undefined) return
  let summary = labels.get(label)
  if (!summary) labels.set(label, (summary = { count: 0, properties: new PropertySummaries(), relationships: new Map() }))
  summary.count++
  addProperties(summary.properties, props, data)
}

function addProperties(summaries: PropertySummaries, props: readonly string[], data: StoredRecord['data']): void {
  for (const prop of props) {
    const [type, name] = typeAndName(prop)
    const value = data[storedName(name)]
    if (value !== undefined) summaries.add(prop, type, name, value)
  }
}

/** An edge is told at both its ends. */
function addEdge(
  labels: ReadonlyMap<string, LabelSummary>,
  { type: stored, props = [], data = {} }: StoredRelationship,
  source: string | undefined,
  target: string | undefined,
): void {
  if (source === undefined || target === undefined) return
  const type = shownType(stored)
  for (const [from, end] of [
    [source, { label: target, type, direction: 'out' }],
    [target, { label: source, type, direction: 'in' }],
  ] as const) {
    // Both ends are there: their labels were read in the same unit.
    const { relationships } = labels.get(from)!
    const key = JSON.stringify(end)
    const found = relationships.get(key) ?? { end, edges: { count: 0, properties: new PropertySummaries() } }
    relationships.set(key, found)
    found.edges.count++
    addProperties(found.edges.properties, props, data)
  }
}

function itemOf(unit: Unit, label: string, summary: LabelSummary): SchemaItem {
  const properties = [...summary.properties].map(([prop, { name, values }]): SchemaProperty => {
    const id = propertyId(unit, prop)
    return { id, name, type: values.type, ...values.summary('instants'), recordsCount: values.count }
  })
  const relationships = [...summary.relationships.values()].map(({ end, edges }): SchemaRelationship => {
    const properties = [...edges.properties].map(([, { name, values }]) => {
      return { name, type: values.type, ...values.summary('raw'), relationshipsCount: values.count }
    })
    return { ...end, count: edges.count, ...(properties.length > 0 && { properties }) }
  })
  return { label, count: summary.count, properties, relationships: relationships.sort((a, b) => b.count - a.count) }
}

/** The same with the AI indexes of each property. */
export function withIndexes({ properties, ...item }: SchemaItem, indexes: readonly EmbeddingIndex[]): SchemaItem {
  const ofLabel = indexes.filter(({ label }) => label === item.label)
  const indexed = properties.map((property) => {
    const vectorIndexes = ofLabel
      .filter(({ propertyName }) => propertyName === property.name)
      .map(({ id, sourceType, similarityFunction, dimensions, status, modelKey }) => {
        return { id, sourceType, similarityFunction, dimensions, status, modelKey }
      })
    return vectorIndexes.length > 0 ? { ...property, vectorIndexes } : property
  })
  return { ...item, properties: indexed }
}

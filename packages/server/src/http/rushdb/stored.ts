import type { Json } from 'quiverdb'

/** The collections of a project, in the namespace that is the project. */
export const recordsName = 'rushdb-records'
export const relationshipsName = 'rushdb-relationships'
export const indexesName = 'rushdb-indexes'

export const propertyTypes = ['string', 'number', 'boolean', 'datetime', 'vector'] as const
export type PropertyType = (typeof propertyTypes)[number]

export type Scalar = string | number | boolean
export type PropertyValue = Scalar | Scalar[]

/** A record as it is stored. Its id is a UUIDv7. */
export interface StoredRecord {
  id: string
  label?: string
  /** `type:name` of each property, in their order: what the record has, and by a field index what all records have. */
  props: string[]
  /** Values by stored name. Dates are the texts that came. */
  data: { [storedName: string]: PropertyValue }
}

/** An edge from one record to another. */
export interface StoredRelationship {
  /** Made of both ends and the type (`relationshipId`): there is one of each type between two records, in one direction. */
  id: string
  type: string
  source: string
  target: string
  /** Its properties, as those of a record; absent where it has none. */
  props?: StoredRecord['props']
  data?: StoredRecord['data']
}

/** The declaration of an AI index. The vectors are in the vector index of `rushdb-records` that has its id as a name. */
export interface StoredIndex {
  id: string
  label: string
  propertyName: string
  sourceType: 'managed' | 'external'
  similarityFunction: 'cosine' | 'euclidean'
  dimensions: number
  modelKey: string
  createdAt: string
  updatedAt: string
}

/** Field indexes, by collection. */
export const recordFields = ['label', 'props']
export const relationshipFields = ['source', 'target', 'type']

/** A name as it is stored: paths of filters end at dots, and a `$` begins an operator. */
export function storedName(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('.', '%2E').replace(/^[$]/, '%24')
}

export function nameOf(stored: string): string {
  return stored.replace(/^%24/, '$').replaceAll('%2E', '.').replaceAll('%25', '%')
}

/** The path of a property in a filter. */
export function pathOf(name: string): string {
  return `data.${storedName(name)}`
}

export function propOf(type: PropertyType, name: string): string {
  return `${type}:${name}`
}

/** The type and the name that a member of `props` says. */
export function typeAndName(prop: string): [PropertyType, string] {
  const colon = prop.indexOf(':')
  return [prop.slice(0, colon) as PropertyType, prop.slice(colon + 1)]
}

/** A record as clients get it. */
export type WireRecord = { __id: string; __label?: string; __proptypes: { [name: string]: PropertyType } } & {
  [name: string]: Json
}

export function wireOf({ id, label, props, data }: StoredRecord): WireRecord {
  const types = Object.create(null) as { [name: string]: PropertyType }
  const wire = Object.create(null) as WireRecord
  wire.__id = id
  if (label !== undefined) wire.__label = label
  wire.__proptypes = types
  for (const prop of props) {
    const [type, name] = typeAndName(prop)
    types[name] = type
    const value = data[storedName(name)]
    if (value !== undefined) wire[name] = value
  }
  return wire
}

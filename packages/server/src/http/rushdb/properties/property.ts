import { type Filter, where as conditions } from 'quiverdb'
import { v5 as idOf } from 'uuid'
import { notFound } from '../problem.js'
import type { Unit } from '../project.js'
import { type PropertyType, typeAndName } from '../stored.js'

/** A property of a project: a name with a type. */
export interface Property {
  readonly id: string
  readonly name: string
  readonly type: PropertyType
  /** There for clients that read it. */
  readonly metadata: ''
  /** In the whole project. */
  readonly recordsCount: number
}

/** As many as the library counts in one answer. */
export const propertiesMax = 10_000

/** All of a project, or those of the records that match, by name. */
export async function properties(unit: Unit, where?: Filter): Promise<Property[]> {
  const [counted, matching] = [await countedProps(unit), where && (await countedProps(unit, where))]
  const found: Property[] = []
  for (const [prop, recordsCount] of counted)
    if (!matching || matching.has(prop)) found.push(propertyOf(unit, prop, recordsCount))
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.type < b.type ? -1 : 1))
}

/** How many records have each `type:name`. */
export async function countedProps(unit: Unit, where?: Filter): Promise<Map<string, number>> {
  const counts = await unit.records.distinct('props', { ...(where && { where }), limit: propertiesMax })
  return new Map(counts.map(({ value, count }) => [value as string, count]))
}

/** @throws RushProblem 404 */
export async function propertyById(unit: Unit, id: string): Promise<Property & { readonly prop: string }> {
  for (const [prop, count] of await countedProps(unit))
    if (propertyId(unit, prop) === id) return { ...propertyOf(unit, prop, count), prop }
  throw notFound(`Property with id ${id.slice(0, 100)} not found`)
}

export function ofProperty(prop: string, where: Filter = {}): Filter {
  return conditions().and({ props: prop }, where)
}

function propertyOf(unit: Unit, prop: string, recordsCount: number): Property {
  const [type, name] = typeAndName(prop)
  return { id: propertyId(unit, prop), name, type, metadata: '', recordsCount }
}

/** The same as long as there is such a property, and whenever it comes again. */
export function propertyId({ project }: Unit, prop: string): string {
  return idOf(JSON.stringify([project.id, prop]), idsOfProperties)
}

/** A name space of UUIDs (RFC 9562, section 6.6), made for this. */
const idsOfProperties = '0190b5a0-7065-7000-8000-70726f706572'

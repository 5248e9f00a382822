import { type Static, Type } from 'typebox'
import { badRequest } from '../problem.js'
import type { PropertyType, PropertyValue, Scalar } from '../stored.js'
import { propertyTypes } from '../stored.js'
import { isDatetime } from './datetime.js'
import { checkedName, isNumeric, type Typed } from './typed.js'

/** A property that comes with its type. */
export const propertyDraft = Type.Object({
  name: Type.String(),
  type: Type.Union(propertyTypes.map((type) => Type.Literal(type))),
  value: Type.Unknown(),
  valueSeparator: Type.Optional(Type.String({ description: 'Parts a text into a list' })),
})
type PropertyDraft = Static<typeof propertyDraft>

/** Drafts of one name and type are one list. @throws RushProblem 400: other values than the type says, or one name with two types */
export function draftedProperties(drafts: readonly PropertyDraft[]): Map<string, Typed> {
  const properties = new Map<string, Typed>()
  for (const [at, draft] of drafts.entries()) {
    const typed = typedDraft(draft, `properties.${at}`)
    if (!typed) continue
    const before = properties.get(draft.name)
    if (before && before.type !== typed.type)
      throw invalid(`properties.${at}.type`, `is not "${before.type}", which "${draft.name}" has above`)
    const value = before ? [before.value, typed.value].flat<PropertyValue[]>() : typed.value
    properties.set(draft.name, { type: typed.type, value })
  }
  return properties
}

function typedDraft({ name, type, value, valueSeparator }: PropertyDraft, place: string): Typed | undefined {
  checkedName(name)
  if (value == null) return undefined
  const split = valueSeparator !== undefined && valueSeparator !== '' && typeof value === 'string'
  const given: unknown = split ? partsOf(value, valueSeparator).map((part) => castPart(part, type)) : value
  const values: unknown[] = Array.isArray(given) ? given.filter((element) => element != null) : [given]
  if (Array.isArray(given) && values.length === 0) return given.length > 0 ? undefined : { type: 'string', value: [] }
  for (const element of values) checkType(element, type, `${place}.value`)
  if (type === 'vector' && !Array.isArray(given)) throw invalid(`${place}.value`, 'must be a list of numbers')
  return { type, value: (Array.isArray(given) ? values : given) as Typed['value'] }
}

function partsOf(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** What is no such value stays a text, and is refused as that. */
function castPart(part: string, type: PropertyType): Scalar {
  if ((type === 'number' || type === 'vector') && isNumeric(part)) return Number(part)
  if (type === 'boolean' && (part === 'true' || part === 'false')) return part === 'true'
  return part
}

function checkType(value: unknown, type: PropertyType, place: string): void {
  switch (type) {
    case 'string':
      if (typeof value === 'string') return
      throw invalid(place, 'must be a text')
    case 'boolean':
      if (typeof value === 'boolean') return
      throw invalid(place, 'must be a boolean')
    case 'datetime':
      if (typeof value === 'string' && isDatetime(value)) return
      throw invalid(place, 'must be a valid ISO8601 datetime')
    case 'number':
    case 'vector':
      if (Number.isFinite(value)) return
      throw invalid(place, 'must be a finite number')
  }
}

function invalid(place: string, reason: string) {
  return badRequest(`Request validation of body failed, because: "${place}" ${reason}`)
}

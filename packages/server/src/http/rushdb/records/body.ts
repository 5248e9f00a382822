import { type Static, Type } from 'typebox'
import { badRequest } from '../problem.js'
import { draftedProperties, propertyDraft } from './drafts.js'
import { refuseName, refuseReserved } from './reserved.js'
import { propertiesOf, type Typed } from './typed.js'

const optional = Type.Optional
const nothing = Type.Null()

const writeOptions = Type.Object({
  suggestTypes: optional(Type.Boolean()),
  convertNumericValuesToNumbers: optional(Type.Boolean()),
  castNumberArraysToVectors: optional(Type.Boolean()),
  skipEmptyValues: optional(Type.Boolean()),
  capitalizeLabels: optional(Type.Boolean()),
  returnResult: optional(Type.Boolean()),
  relationshipType: optional(Type.String()),
  mergeBy: optional(Type.Array(Type.String())),
  mergeStrategy: optional(Type.Union([Type.Literal('append'), Type.Literal('rewrite')])),
})
export const optionsOfWrite = optional(Type.Union([writeOptions, nothing]))
export type WriteOptions = Static<typeof writeOptions>

export const labelOfWrite = optional(Type.Union([Type.String(), nothing]))

/** Checked where they are resolved. */
export const vectorsOfWrite = optional(Type.Union([Type.Array(Type.Unknown()), nothing]))

export const recordBody = Type.Object({
  label: labelOfWrite,
  data: optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), nothing])),
  properties: optional(Type.Union([Type.Array(propertyDraft), nothing])),
  options: optionsOfWrite,
  vectors: vectorsOfWrite,
})
export type RecordBody = Static<typeof recordBody>

/** @throws RushProblem 400 */
export function propertiesOfBody({ data, properties, options }: RecordBody): Map<string, Typed> {
  if (!data && !properties) throw badRequest('Request validation of body failed, because: "data" is required, or "properties"')
  refuseReserved({ data, properties })
  for (const { name } of properties ?? []) refuseName(name)
  return new Map([...propertiesOf(data ?? {}, options ?? {}), ...draftedProperties(properties ?? [])])
}

/** An empty label is none. */
export function labelOf(label: string | null | undefined, options: WriteOptions | null | undefined): string | undefined {
  if (!label) return undefined
  return options?.capitalizeLabels ? label.toUpperCase() : label
}

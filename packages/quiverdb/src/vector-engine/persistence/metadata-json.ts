import { VectorError } from '../errors.js'
import { Float, float, int, metadataTypeOf, type Metadata, type MetadataValue } from '../types.js'
import { isObject } from './schema.js'

/** Metadata as serde writes it, a tag around each value: `{"n":{"Int":42},"s":{"String":"x"},"z":"Null"}`. */
export function metadataText(metadata: Metadata | null): string {
  if (metadata === null) return 'null'
  return `{${Object.entries(metadata)
    .map(([field, value]) => `${JSON.stringify(field)}:${valueText(value)}`)
    .join(',')}}`
}

function valueText(value: MetadataValue): string {
  const type = metadataTypeOf(value)
  switch (type) {
    case 'Null':
      return '"Null"'
    case 'Bool':
    case 'Int':
      return `{"${type}":${value}}`
    case 'String':
      return `{"String":${JSON.stringify(value)}}`
    case 'Float':
      return `{"Float":${floatText(value instanceof Float ? value.value : (value as number))}}`
  }
}

/** JSON has no text for NaN and the infinities: these are strings, which only Quiver reads. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`
  if (Object.is(value, -0)) return '-0.0'
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : `${value}`
}

const bigInts = /(?<!\\)"Int"\s*:\s*(-?\d{16,})(?![\d.eE])/g

/** JSON whose Ints may be beyond 2^53: those become strings, since a plain parse would round them. */
export function parseJson(text: string): unknown {
  return JSON.parse(text.replace(bigInts, '"Int":"$1"'))
}

/** @throws VectorError SerializationError */
export function parseMetadata(parsed: unknown, key: string): Metadata | null {
  if (parsed === null || parsed === undefined) return null
  if (!isObject(parsed)) throw VectorError.serialization(`the metadata of ${JSON.stringify(key)} is not an object`)
  const fields = Object.entries(parsed)
  if (fields.length === 0) return null
  return Object.fromEntries(
    fields.map(([field, tagged]) => {
      const value = parseValue(tagged)
      if (value === undefined)
        throw VectorError.serialization(`field ${JSON.stringify(field)} of ${JSON.stringify(key)} has no known type`)
      return [field, value]
    }),
  )
}

function parseValue(tagged: unknown): MetadataValue | undefined {
  if (tagged === 'Null') return null
  if (!isObject(tagged)) return undefined
  const [entry, ...others] = Object.entries(tagged)
  if (!entry || others.length > 0) return undefined
  const [tag, value] = entry
  if (tag === 'Null' && value === null) return null
  if (tag === 'Bool' && typeof value === 'boolean') return value
  if (tag === 'String' && typeof value === 'string') return value
  if (tag === 'Int' && Number.isSafeInteger(value)) return int(BigInt(value as number))
  if (tag === 'Int' && typeof value === 'string' && /^-?\d+$/.test(value)) return parseInt64(value)
  if (tag === 'Float' && typeof value === 'number' && Number.isFinite(value)) return float(value)
  if (tag === 'Float' && typeof value === 'string' && /^(NaN|-?Infinity)$/.test(value)) return Number(value)
  return undefined
}

function parseInt64(digits: string): MetadataValue | undefined {
  const value = BigInt(digits)
  return BigInt.asIntN(64, value) === value ? int(value) : undefined
}

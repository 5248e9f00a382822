import type { FieldPath } from '../../filter/places.js'

/**
 * The text that a managed index embeds of a record: what lies at the places of a path, numbers and truth values as they are written, of lists the texts
 * in them, joined by spaces. Undefined where there is nothing, or only blanks: such a record has no vector.
 */
export function textAt(fields: unknown, path: FieldPath): string | undefined {
  const text = path.placesIn(fields).flatMap(textsOf).join(' ')
  return text.trim() === '' ? undefined : text
}

function textsOf(place: unknown): string[] {
  switch (typeof place) {
    case 'string':
      return [place]
    case 'number':
    case 'boolean':
      return [String(place)]
    default:
      return Array.isArray(place) ? place.filter((element) => typeof element === 'string') : []
  }
}

import { QuiverError } from '../../errors.js'
import type { TextDefinition } from '../../history/commit.js'
import type { IndexedFields } from '../../segment/field-part.js'
import { isKnownAnalyser, loadAnalyser } from '../../text/analyser.js'
import type { CollectionState } from './state.js'

export function isSameText(a: TextDefinition, b: TextDefinition): boolean {
  return a.field === b.field && a.analyser === b.analyser
}

/** What the field parts of a collection are to hold. */
export interface DeclaredFields {
  readonly paths: readonly string[]
  readonly texts: readonly TextDefinition[]
}

/** Texts whose analyser only a later version of Quiver knows are left to it. */
export function declaredFields({ fields, texts }: CollectionState): DeclaredFields {
  return { paths: fields, texts: texts.filter(({ analyser }) => isKnownAnalyser(analyser)) }
}

export function isAnyDeclared({ paths, texts }: DeclaredFields): boolean {
  return paths.length + texts.length > 0
}

/** The same, ready to be made. @throws QuiverError UNSUPPORTED */
export async function loadTexts(texts: readonly TextDefinition[]): Promise<IndexedFields['texts']> {
  return Promise.all(texts.map(async ({ field, analyser }) => ({ field, analyser: await loadAnalyser(analyser) })))
}

export function unknownText(field: string, collection: string, texts: readonly TextDefinition[]): QuiverError {
  const known = texts.map((text) => `'${text.field}'`).join(', ') || 'none'
  return new QuiverError('NOT_FOUND', `Collection '${collection}' has no text index of field '${field}'. There are: ${known}.`, {
    details: { field },
  })
}

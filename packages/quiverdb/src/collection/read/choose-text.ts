import { QuiverError } from '../../errors.js'
import type { TextDefinition } from '../../history/commit.js'
import type { CollectionState } from '../version/state.js'
import { unknownText } from '../version/texts.js'

/** The text index that a query means. @throws QuiverError NOT_FOUND, AMBIGUOUS_INDEX */
export function chooseText({ name, texts }: CollectionState, field: string | undefined): TextDefinition {
  if (field !== undefined) {
    const found = texts.find((text) => text.field === field)
    if (!found) throw unknownText(field, name, texts)
    return found
  }
  if (texts.length === 1) return texts[0]!
  if (texts.length === 0)
    throw new QuiverError(
      'NOT_FOUND',
      `Collection '${name}' has no text index. Declare one: declareTexts([{ field, language }]).`,
      {
        details: { collection: name },
      },
    )
  const fields = texts.map((text) => text.field)
  throw new QuiverError(
    'AMBIGUOUS_INDEX',
    `Collection '${name}' has several text indexes: ${fields.map((one) => `'${one}'`).join(', ')}. Name one with 'field'.`,
    { details: { indexes: fields } },
  )
}

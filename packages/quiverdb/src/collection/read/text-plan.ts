import { loadAnalyser } from '../../text/analyser.js'
import type { TextExplanation } from '../text-types.js'
import type { CollectionState } from '../version/state.js'
import { chooseText } from './choose-text.js'
import type { TextPlan, TextSearch } from './text-search.js'

/** The part of a plan that a query's words give. @throws QuiverError NOT_FOUND, AMBIGUOUS_INDEX, UNSUPPORTED */
export async function textPlan(
  collection: CollectionState,
  { text: words, field, operator }: { text: string; field?: string; operator?: 'or' | 'and' },
): Promise<Pick<TextPlan, 'collection' | 'text' | 'analyser' | 'terms' | 'needsAll'>> {
  const text = chooseText(collection, field)
  const analyser = await loadAnalyser(text.analyser)
  return { collection, text, analyser, terms: [...new Set(analyser.terms(words))].sort(), needsAll: operator === 'and' }
}

export function explainText({ terms }: TextPlan, { withTerm, totals }: TextSearch): TextExplanation {
  return {
    terms: terms.map((term, i) => ({ term, records: withTerm[i]! })),
    records: totals.documents,
    averageLength: totals.documents === 0 ? 0 : totals.terms / totals.documents,
  }
}

import { analyserName, loadAnalyser } from '../text/analyser.js'

/** Where a clause ends, and with it what a negation is about. */
const clauseEnd = /[.,;:!?()[\]\n]+/
const negation = /\b(?:not|no|never|cannot|neither|nor|none|nobody|nothing|without|\w+n['’]t)\b/i

/** Turns a text into the words that are compared: English stems without stop words, and with `!` before those that are denied. */
export type KeywordTerms = (text: string) => string[]

/**
 * @example
 * ```ts
 * const terms = await loadKeywordTerms()
 * terms("I don't like complicated tokens!") // ['!like', '!complic', '!token']
 * ```
 */
export async function loadKeywordTerms(): Promise<KeywordTerms> {
  const analyser = await loadAnalyser(analyserName('english'))
  return (text) => {
    const terms: string[] = []
    for (const clause of text.split(clauseEnd)) {
      const denied = negation.exec(clause)
      analyser.forEachTerm(clause.slice(0, denied?.index), (term) => terms.push(term))
      if (denied)
        analyser.forEachTerm(clause.slice(denied.index + denied[0].length), (term) => {
          // A second negation is none of the words that are denied.
          if (!negation.test(term)) terms.push(`!${term}`)
        })
    }
    return terms
  }
}

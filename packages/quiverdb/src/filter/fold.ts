import type { Fold } from './condition.js'

/** What is left of a text when case, accents or both are no matter; two texts are alike where this is equal. */
export function folded(text: string, fold: Fold): string {
  const bare = fold === 'case' ? text : text.normalize('NFD').replace(combiningMarks, '')
  // Lower case first: of the letters that share an upper case some have it only by way of their lower case. The last step does not look at neighbours.
  return fold === 'accents' ? bare : bare.toLowerCase().toUpperCase()
}

const combiningMarks = /\p{Mn}/gu

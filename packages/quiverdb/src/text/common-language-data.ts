import { loaded } from './language.js'

/** The languages that are in the script of a browser's workers, which with all of them would be three times as long. */
export const languageData = {
  english: () => loaded(import('@orama/stemmers/english'), import('@orama/stopwords/english'), ['a']),
}

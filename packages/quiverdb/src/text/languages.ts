import { languageData } from '#language-data'
import { assert } from '../errors.js'
import type { LanguageData, TextLanguage } from './language.js'

/** The data of a language; workers of a browser have those of `english` alone. */
export async function loadLanguage(language: TextLanguage): Promise<LanguageData> {
  if (language === 'none') return { stem: (word) => word, stopwords: [] }
  const load = new Map<string, () => Promise<LanguageData>>(Object.entries(languageData)).get(language)
  assert(load, `language '${language}' can be analysed in this thread`)
  return load()
}

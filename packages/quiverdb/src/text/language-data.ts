import { languageData as commonLanguageData } from './common-language-data.js'
import { type LanguageData, loaded, type TextLanguage } from './language.js'

/**
 * What is loaded of each language: a Snowball stemmer (for English Porter's, "An algorithm for suffix stripping", 1980) and a list of stop words. Each is a
 * module of its own, read when a text index of the language is first used.
 */
export const languageData = {
  ...commonLanguageData,
  arabic: () => loaded(import('@orama/stemmers/arabic'), import('@orama/stopwords/arabic')),
  danish: () => loaded(import('@orama/stemmers/danish'), import('@orama/stopwords/danish')),
  dutch: () => loaded(import('@orama/stemmers/dutch'), import('@orama/stopwords/dutch')),
  finnish: () => loaded(import('@orama/stemmers/finnish'), import('@orama/stopwords/finnish')),
  french: () => loaded(import('@orama/stemmers/french'), import('@orama/stopwords/french')),
  german: () => loaded(import('@orama/stemmers/german'), import('@orama/stopwords/german')),
  greek: () => loaded(import('@orama/stemmers/greek'), import('@orama/stopwords/greek')),
  hungarian: () => loaded(import('@orama/stemmers/hungarian'), import('@orama/stopwords/hungarian')),
  indonesian: () => loaded(import('@orama/stemmers/indonesian'), import('@orama/stopwords/indonesian')),
  irish: () => loaded(import('@orama/stemmers/irish'), import('@orama/stopwords/irish')),
  italian: () => loaded(import('@orama/stemmers/italian'), import('@orama/stopwords/italian')),
  lithuanian: () => loaded(import('@orama/stemmers/lithuanian'), import('@orama/stopwords/lithuanian')),
  nepali: () => loaded(import('@orama/stemmers/nepali'), import('@orama/stopwords/nepali')),
  norwegian: () => loaded(import('@orama/stemmers/norwegian'), import('@orama/stopwords/norwegian')),
  portuguese: () => loaded(import('@orama/stemmers/portuguese'), import('@orama/stopwords/portuguese')),
  romanian: () => loaded(import('@orama/stemmers/romanian'), import('@orama/stopwords/romanian')),
  russian: () => loaded(import('@orama/stemmers/russian'), import('@orama/stopwords/russian')),
  serbian: () => loaded(import('@orama/stemmers/serbian'), import('@orama/stopwords/serbian')),
  spanish: () => loaded(import('@orama/stemmers/spanish'), import('@orama/stopwords/spanish')),
  swedish: () => loaded(import('@orama/stemmers/swedish'), import('@orama/stopwords/swedish')),
  tamil: () => loaded(import('@orama/stemmers/tamil'), import('@orama/stopwords/tamil')),
  turkish: () => loaded(import('@orama/stemmers/turkish'), import('@orama/stopwords/turkish')),
} satisfies Record<Exclude<TextLanguage, 'none'>, () => Promise<LanguageData>>

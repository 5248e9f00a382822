interface LanguageData {
  readonly stem: (word: string) => string
  readonly stopwords: readonly string[]
}

/**
 * What is loaded of each language: a Snowball stemmer (for English Porter's, "An algorithm for suffix stripping", 1980) and a list of stop words. Each is a
 * module of its own, read when a text index of the language is first used.
 */
const languageData = {
  arabic: () => load(import('@orama/stemmers/arabic'), import('@orama/stopwords/arabic')),
  danish: () => load(import('@orama/stemmers/danish'), import('@orama/stopwords/danish')),
  dutch: () => load(import('@orama/stemmers/dutch'), import('@orama/stopwords/dutch')),
  english: () => load(import('@orama/stemmers/english'), import('@orama/stopwords/english'), ['a']),
  finnish: () => load(import('@orama/stemmers/finnish'), import('@orama/stopwords/finnish')),
  french: () => load(import('@orama/stemmers/french'), import('@orama/stopwords/french')),
  german: () => load(import('@orama/stemmers/german'), import('@orama/stopwords/german')),
  greek: () => load(import('@orama/stemmers/greek'), import('@orama/stopwords/greek')),
  hungarian: () => load(import('@orama/stemmers/hungarian'), import('@orama/stopwords/hungarian')),
  indonesian: () => load(import('@orama/stemmers/indonesian'), import('@orama/stopwords/indonesian')),
  irish: () => load(import('@orama/stemmers/irish'), import('@orama/stopwords/irish')),
  italian: () => load(import('@orama/stemmers/italian'), import('@orama/stopwords/italian')),
  lithuanian: () => load(import('@orama/stemmers/lithuanian'), import('@orama/stopwords/lithuanian')),
  nepali: () => load(import('@orama/stemmers/nepali'), import('@orama/stopwords/nepali')),
  norwegian: () => load(import('@orama/stemmers/norwegian'), import('@orama/stopwords/norwegian')),
  portuguese: () => load(import('@orama/stemmers/portuguese'), import('@orama/stopwords/portuguese')),
  romanian: () => load(import('@orama/stemmers/romanian'), import('@orama/stopwords/romanian')),
  russian: () => load(import('@orama/stemmers/russian'), import('@orama/stopwords/russian')),
  serbian: () => load(import('@orama/stemmers/serbian'), import('@orama/stopwords/serbian')),
  spanish: () => load(import('@orama/stemmers/spanish'), import('@orama/stopwords/spanish')),
  swedish: () => load(import('@orama/stemmers/swedish'), import('@orama/stopwords/swedish')),
  tamil: () => load(import('@orama/stemmers/tamil'), import('@orama/stopwords/tamil')),
  turkish: () => load(import('@orama/stemmers/turkish'), import('@orama/stopwords/turkish')),
} as const

/** Whose words are stemmed; `none`: words are compared as they are, and none is left out. */
export type TextLanguage = keyof typeof languageData | 'none'

export const textLanguages: readonly TextLanguage[] = ['none', ...(Object.keys(languageData) as (keyof typeof languageData)[])]

export async function loadLanguage(language: TextLanguage): Promise<LanguageData> {
  return language === 'none' ? { stem: (word) => word, stopwords: [] } : languageData[language]()
}

async function load(
  stemming: Promise<{ stemmer: (word: string) => string }>,
  stopping: Promise<{ stopwords: readonly string[] }>,
  /** What the list lacks. */
  missing: readonly string[] = [],
): Promise<LanguageData> {
  const [{ stemmer }, { stopwords }] = await Promise.all([stemming, stopping])
  return { stem: stemmer, stopwords: [...stopwords, ...missing] }
}

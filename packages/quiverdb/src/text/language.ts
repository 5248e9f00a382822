export const textLanguages = [
  'none',
  'arabic',
  'danish',
  'dutch',
  'english',
  'finnish',
  'french',
  'german',
  'greek',
  'hungarian',
  'indonesian',
  'irish',
  'italian',
  'lithuanian',
  'nepali',
  'norwegian',
  'portuguese',
  'romanian',
  'russian',
  'serbian',
  'spanish',
  'swedish',
  'tamil',
  'turkish',
] as const

/** Whose words are stemmed; `none`: words are compared as they are, and none is left out. */
export type TextLanguage = (typeof textLanguages)[number]

/** What is known of a language. */
export interface LanguageData {
  readonly stem: (word: string) => string
  readonly stopwords: readonly string[]
}

/** @param missing what the list of stop words lacks */
export async function loaded(
  stemming: Promise<{ stemmer: (word: string) => string }>,
  stopping: Promise<{ stopwords: readonly string[] }>,
  missing: readonly string[] = [],
): Promise<LanguageData> {
  const [{ stemmer }, { stopwords }] = await Promise.all([stemming, stopping])
  return { stem: stemmer, stopwords: [...stopwords, ...missing] }
}

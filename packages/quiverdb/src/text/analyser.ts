import { QuiverError } from '../errors.js'
import { type TextLanguage, textLanguages } from './language.js'
import { loadLanguage } from './languages.js'
import { forEachWord } from './words.js'

/**
 * The edition of everything that turns a text into terms: words, stop words, stemmers, folding. It is recorded with each index, as part of the name of
 * its analyser, so that terms that are stored and terms of a query are always made alike: whoever changes what comes out raises it.
 */
const edition = 1
/** What is remembered of words: a language has few that are used. */
const knownWordsMax = 50_000

/** The name that is recorded, e.g. `english-1`. */
export function analyserName(language: TextLanguage): string {
  return `${language}-${edition}`
}

/** Of an analyser's name. */
export function languageOf(analyser: string): string {
  return analyser.slice(0, analyser.lastIndexOf('-'))
}

/**
 * Turns texts into terms, which are what is looked for: words in lower case ({@link forEachWord}) without the stop words of the language, stemmed, and
 * without the accents of Latin, Greek and Cyrillic letters.
 *
 * @example
 * ```ts
 * const english = await loadAnalyser('english-1')
 * english.terms('The boundary layers of naïve wings') // ['boundari', 'layer', 'naiv', 'wing']
 * ```
 */
export class Analyser {
  readonly name: string
  readonly #stem: (word: string) => string
  readonly #stopwords: ReadonlySet<string>
  /** By word; empty for what is left out. */
  readonly #terms = new Map<string, string>()

  constructor(name: string, stem: (word: string) => string, stopwords: readonly string[]) {
    this.name = name
    this.#stem = stem
    const stopped = new Set<string>()
    // "don't" reaches this list as its two pieces.
    for (const text of stopwords) forEachWord(text, (word) => stopped.add(word))
    this.#stopwords = stopped
  }

  forEachTerm(text: string, visit: (term: string) => void): void {
    forEachWord(text, (word) => {
      const term = this.#terms.get(word) ?? this.#termOf(word)
      if (term !== '') visit(term)
    })
  }

  terms(text: string): string[] {
    const terms: string[] = []
    this.forEachTerm(text, (term) => terms.push(term))
    return terms
  }

  #termOf(word: string): string {
    if (this.#terms.size >= knownWordsMax) this.#terms.clear()
    const term = this.#stopwords.has(word) ? '' : withoutAccents(this.#stem(word))
    this.#terms.set(word, term)
    return term
  }
}

const accents = /[\u0300-\u036f]/g

function withoutAccents(word: string): string {
  return word.normalize('NFD').replace(accents, '').normalize('NFC')
}

const loaded = new Map<string, Promise<Analyser>>()

/** An analyser by its recorded name; each is loaded once. @throws QuiverError UNSUPPORTED: another version of Quiver recorded it */
export function loadAnalyser(name: string): Promise<Analyser> {
  let analyser = loaded.get(name)
  if (!analyser) {
    loaded.set(name, (analyser = load(name)))
    // A module that could not be fetched may be there the next time.
    analyser.catch(() => loaded.delete(name))
  }
  return analyser
}

export function isKnownAnalyser(name: string): boolean {
  return languageNamed(name) !== undefined
}

function languageNamed(name: string): TextLanguage | undefined {
  return textLanguages.find((language) => analyserName(language) === name)
}

async function load(name: string): Promise<Analyser> {
  const language = languageNamed(name)
  if (language === undefined)
    throw new QuiverError(
      'UNSUPPORTED',
      `This version of Quiver has no text analyser '${name}'. Drop the text index and declare it again, or use the version that made it.`,
      { details: { analyser: name } },
    )
  const { stem, stopwords } = await loadLanguage(language)
  return new Analyser(name, stem, stopwords)
}

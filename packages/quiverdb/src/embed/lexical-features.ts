/**
 * English words that say little about what a text is about. They count a tenth, so that they decide only where there is nothing else.
 */
const functionWords = new Set(
  (
    'a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it its may more most ' +
    'no not of on or our out over she so some such than that the their them then there these they this to was we were what when where ' +
    'which while who will with would you your'
  ).split(' '),
)
const functionWordWeight = 0.1

/** All grams of a word together weigh 1.5 words: related forms (`wing`, `wings`) meet in them, equal words meet in both. */
const gramsWeight = 1.5
const gramLength = 4
/** Scripts that are written without spaces: their words are found by pairs of characters instead. */
const unspacedGramLength = 2
const unspacedFrom = 0x2e80

const wordSeed = 0x9e3779b9
const gramSeed = 0x85ebca6b

/** A feature's hash and how often and how heavily it occurs. */
export interface Feature {
  count: number
  weight: number
}

/**
 * The words of a text and the character grams within them, as hashes (32 bits; Weinberger et al., "Feature Hashing for Large Scale Multitask
 * Learning", ICML 2009). Case and accents do not matter. Features come in the order of their first occurrence, so sums over them are the same everywhere.
 */
export function lexicalFeatures(text: string): Map<number, Feature> {
  const features = new Map<number, Feature>()
  for (const [word] of folded(text).matchAll(/[\p{L}\p{N}]+/gu)) addWord(features, word)
  return features
}

function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
}

function addWord(features: Map<number, Feature>, word: string): void {
  if (functionWords.has(word)) return add(features, hash(word, 0, word.length, wordSeed), functionWordWeight)
  add(features, hash(word, 0, word.length, wordSeed), 1)
  const spaced = word.charCodeAt(0) < unspacedFrom
  // The marks tell where a word begins and ends, and give short words grams of their own.
  const marked = spaced ? `<${word}>` : word
  const length = spaced ? gramLength : unspacedGramLength
  const grams = marked.length - length + 1
  const weight = gramsWeight / Math.sqrt(Math.max(1, grams))
  for (let start = 0; start < grams; start++) add(features, hash(marked, start, start + length, gramSeed), weight)
}

function add(features: Map<number, Feature>, key: number, weight: number): void {
  const feature = features.get(key)
  if (feature) feature.count++
  else features.set(key, { count: 1, weight })
}

/** FNV-1a over UTF-16 code units, finished as in MurmurHash3 so that all bits depend on all input. */
function hash(text: string, start: number, end: number, seed: number): number {
  let h = 0x811c9dc5 ^ seed
  for (let i = start; i < end; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

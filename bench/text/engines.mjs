import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { quiver } from '../engines/quiver.mjs'
import { installedVersion } from '../engines/settings.mjs'
import { cacheFolder } from '../shared/folders.mjs'

const folder = join(cacheFolder, 'text')

/**
 * @typedef {object} TextEngine
 * @property {string} name
 * @property {string} variant
 * @property {() => string} version
 * @property {boolean} [onlyQuality] not among those whose speed is compared
 * @property {(documents: readonly { id: string, text: string }[]) => Promise<TextSearcher>} build
 *
 * @typedef {object} TextSearcher
 * @property {(text: string, limit: number) => Promise<readonly string[]> | readonly string[]} search ids, best first
 * @property {() => Promise<void>} [close]
 */

const { builtInEmbedder } = await import('quiverdb/embed')
const embedder = builtInEmbedder()
const vectorOf = async (text) => (await embedder.embed([text], { purpose: 'query' }))[0]

/** @type {readonly TextEngine[]} Quiver on disk, the others in memory, which is all they do */
export const textEngines = [
  quiverEngine('keyword', (collection, text, limit) => collection.searchText({ text, limit, fields: [] })),
  hybridEngine('hybrid', undefined),
  hybridEngine('hybrid, rrf', 'rrf'),
  { ...vectorEngine(), onlyQuality: true },
  miniSearch('as it comes', false),
  miniSearch('with stemmer and stop words', true),
  orama(),
  lunr(),
]

function quiverEngine(variant, ask, { embedder, ...others } = {}) {
  return {
    name: 'quiver',
    variant,
    version: quiver.version,
    ...others,
    async build(documents) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true })
      const { open } = await import('quiverdb')
      const db = await open(folder, { maintenance: 'manual' })
      const collection = await db.collection('texts', {
        texts: [{ field: 'text', language: 'english' }],
        indexes: embedder ? [{ field: 'vector', dimensions: embedder.dimensions }] : [],
      })
      const vectors = embedder && (await embedder.embed(documents.map(({ text }) => text)))
      const batch = 20_000
      for (let first = 0; first < documents.length; first += batch) {
        const records = documents.slice(first, first + batch)
        await collection.upsert(vectors ? records.map((record, i) => ({ ...record, vector: vectors[first + i] })) : records)
      }
      await db.settled()
      return {
        search: async (text, limit) => (await ask(collection, text, limit)).hits.map(({ id }) => id),
        async close() {
          await db.close()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
  }
}

function hybridEngine(variant, fusion) {
  const ask = async (collection, text, limit) =>
    collection.searchHybrid({ text, vector: await vectorOf(text), limit, fields: [], ...(fusion && { fusion }) })
  return quiverEngine(variant, ask, { embedder, onlyQuality: true })
}

function vectorEngine() {
  const ask = async (collection, text, limit) => collection.search({ vector: await vectorOf(text), limit, fields: [] })
  return quiverEngine('vector', ask, { embedder })
}

/** @returns {TextEngine} */
function miniSearch(variant, hasLanguage) {
  return {
    name: 'minisearch',
    variant,
    version: () => installedVersion('minisearch'),
    async build(documents) {
      const { default: MiniSearch } = await import('minisearch')
      const { stemmer } = await import('@orama/stemmers/english')
      const { stopwords } = await import('@orama/stopwords/english')
      const stopped = new Set(stopwords)
      const processTerm = (term) => {
        const word = term.toLowerCase()
        return stopped.has(word) ? null : stemmer(word)
      }
      const index = new MiniSearch({ fields: ['text'], ...(hasLanguage && { processTerm }) })
      index.addAll(documents)
      return {
        search: (text, limit) =>
          index
            .search(text)
            .slice(0, limit)
            .map(({ id }) => id),
      }
    },
  }
}

/** @returns {TextEngine} */
function orama() {
  return {
    name: 'orama',
    variant: 'with stemmer and stop words',
    version: () => installedVersion('@orama/orama'),
    async build(documents) {
      const { create, insertMultiple, search } = await import('@orama/orama')
      const { stemmer, language } = await import('@orama/stemmers/english')
      const { stopwords } = await import('@orama/stopwords/english')
      const db = create({
        schema: { text: 'string' },
        components: { tokenizer: { language, stemming: true, stemmer, stopWords: stopwords } },
      })
      await insertMultiple(db, [...documents], 1_000)
      return {
        // Threshold 1: records with any of the words.
        search: async (term, limit) => (await search(db, { term, limit, threshold: 1 })).hits.map(({ document }) => document.id),
      }
    },
  }
}

/** @returns {TextEngine} its defaults stem and leave out stop words */
function lunr() {
  return {
    name: 'lunr',
    variant: 'as it comes',
    version: () => installedVersion('lunr'),
    async build(documents) {
      const { default: lunr } = await import('lunr')
      const index = lunr(function configure() {
        this.ref('id')
        this.field('text')
        for (const document of documents) this.add(document)
      })
      // Its own syntax would read colons and signs; a question is plain words.
      const plain = (text) => text.replace(/[^\p{L}\p{N}]+/gu, ' ')
      return {
        search: (text, limit) =>
          index
            .search(plain(text))
            .slice(0, limit)
            .map(({ ref }) => ref),
      }
    },
  }
}

const keywords = 1_000
const tags = 50
const tagsEach = 3
const sources = 20
const keywordsAsked = 100
/** Of a range. */
const share = 0.1

/** Fields with an index in the second half of the run. */
export const declared = ['score', 'word', 'tags', 'source', 'state']

/** @param {number} first @param {number} end @returns {object[]} records, the same at every run */
export function recordsFrom(first, end) {
  return Array.from({ length: end - first }, (_, i) => record(first + i))
}

/** Distinct numbers; keywords, tags and sources with even shares; a state that one in ten is in. */
function record(n) {
  const random = sequence(n)
  return {
    id: `r${n}`,
    score: (n + random()) / 1_000,
    word: word(Math.floor(random() * keywords)),
    tags: Array.from({ length: tagsEach }, () => `tag ${Math.floor(random() * tags)}`),
    source: `source ${Math.floor(random() * sources)}`,
    state: random() < share ? 'deleted' : 'live',
    title: `Record number ${n} of source, with a title of about the usual length`,
  }
}

const word = (n) => `keyword ${String(n).padStart(4, '0')}`

/** What is asked, with other operands in each round. */
export const questions = [
  { name: 'count by five conditions', ask: (collection, round, count) => collection.count({ where: five(round, count) }) },
  { name: 'count by a range', ask: (collection, round, count) => collection.count({ where: range(round, count) }) },
  {
    name: 'list 100 by score, descending',
    ask: async (collection, round) => {
      const where = { source: source(round), state: 'live' }
      const { records } = await collection.list({
        where,
        orderBy: { field: 'score', order: 'desc' },
        limit: 100,
        fields: ['score'],
      })
      return records
    },
  },
  {
    name: 'facets of two fields in a range',
    ask: (collection, round, count) => collection.facets({ fields: ['tags', 'source'], where: range(round, count), limit: 5 }),
  },
]

function five(round, count) {
  return {
    ...range(round, count),
    word: { $in: Array.from({ length: keywordsAsked }, (_, i) => word((i * 7 + round) % keywords)) },
    tags: `tag ${round % tags}`,
    $not: { state: 'deleted' },
    source: source(round),
  }
}

function range(round, count) {
  const from = ((0.07 * round) % (1 - share)) * count
  return { score: { $gte: from / 1_000, $lt: (from + share * count) / 1_000 } }
}

const source = (round) => `source ${round % sources}`

/** Numbers from 0 up to 1 that follow from a seed alone (Steele, Lea, Flood: SplitMix, OOPSLA 2014; its 32-bit finaliser). */
function sequence(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b9)
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

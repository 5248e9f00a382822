import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BenchError } from '../shared/errors.mjs'

/** Of the first so many answers. */
const depth = 10

/**
 * @typedef {object} Cranfield 1,400 abstracts about aerodynamics, 225 questions, and which abstracts answer them
 * @property {readonly { id: string, text: string }[]} documents title and abstract
 * @property {readonly { id: string, text: string }[]} questions
 * @property {ReadonlyMap<string, ReadonlySet<string>>} relevant ids of documents by question; grades 1 to 4 are relevant, all alike
 */

/** @param {string} data the folder with the folder `cranfield` @returns {Cranfield | undefined} undefined: it is not there */
export function readCranfield(data) {
  const folder = join(data, 'cranfield')
  if (!existsSync(folder)) return undefined
  const lines = (name) => readFileSync(join(folder, name), 'utf8').trim().split('\n')
  const documents = lines('docs.jsonl').map((line) => {
    const { id, title, text } = JSON.parse(line)
    return { id: String(id), text: [title, text].filter(Boolean).join('\n') }
  })
  const questions = lines('queries.jsonl').map((line) => {
    const { id, text } = JSON.parse(line)
    return { id: String(id), text }
  })
  const relevant = new Map(questions.map(({ id }) => [id, new Set()]))
  for (const line of lines('qrels.tsv').slice(1)) {
    const [question, document, grade] = line.split('\t')
    if (!relevant.has(question)) throw new BenchError(`${folder}: a judgement of a question that is not there, ${question}.`)
    if (Number(grade) > 0) relevant.get(question).add(document)
  }
  return { documents, questions, relevant }
}

/**
 * Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002: the gain of each relevant document among the first ten, the less the
 * later it comes, as a share of what the best order would have.
 * @param {readonly string[]} found best first @param {ReadonlySet<string>} relevant
 */
export function ndcg(found, relevant) {
  const discounted = (isRelevant) =>
    isRelevant.slice(0, depth).reduce((sum, is, rank) => sum + (is ? 1 / Math.log2(rank + 2) : 0), 0)
  const ideal = discounted(Array.from({ length: Math.min(depth, relevant.size) }, () => true))
  return ideal === 0 ? 0 : discounted(found.map((id) => relevant.has(id))) / ideal
}

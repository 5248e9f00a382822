import { separatorsOf } from './separators.js'

/** Finds where a part of a text may be cut: positions within it, ascending, neither its start nor its end. */
export type FindCuts = (part: string) => Iterable<number>

/** Extensions of files whose language has another name in the lists. */
const typesByExtension: Record<string, string> = {
  c: 'cpp',
  cc: 'cpp',
  cxx: 'cpp',
  h: 'cpp',
  hpp: 'cpp',
  htm: 'html',
  kt: 'java',
  mdx: 'md',
  mjs: 'js',
  cjs: 'js',
  rb: 'ruby',
  rs: 'rust',
  tex: 'latex',
}

const paragraph = /\n[^\S\n]*\n/g
const line = /\n/g
const sentence = /[.!?…]["'”’)\]]*\s|[。！？]/g
const word = /\s+/g

/** The ways to cut a text of a type, the strongest first: at what its language says, then paragraphs, lines, sentences and words. */
export function waysToCut(docType: string | undefined): FindCuts[] {
  const type = docType?.toLowerCase()
  const marks = separatorsOf(type === undefined ? undefined : (typesByExtension[type] ?? type)).filter((mark) => /\S/.test(mark))
  return [...[...new Set(marks)].map(before), behind(paragraph), behind(line), behind(sentence), beforeEach(word)]
}

/** A heading or a keyword begins what follows it; the line break before it ends what came before. */
function before(mark: string): FindCuts {
  const lead = mark.length - mark.trimStart().length
  return function* (part) {
    for (let at = part.indexOf(mark); at >= 0; at = part.indexOf(mark, at + mark.length)) if (at + lead > 0) yield at + lead
  }
}

function behind(pattern: RegExp): FindCuts {
  return function* (part) {
    for (const { 0: found, index } of part.matchAll(pattern)) if (index + found.length < part.length) yield index + found.length
  }
}

/** A space belongs to the word behind it, as the tokens of most models have it. */
function beforeEach(pattern: RegExp): FindCuts {
  return function* (part) {
    for (const { index } of part.matchAll(pattern)) if (index > 0) yield index
  }
}

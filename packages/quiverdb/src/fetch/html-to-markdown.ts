import TurndownService from 'turndown'
import { QuiverError } from '../errors.js'

/** What is used of a node of the document that a page becomes. */
interface PageNode {
  readonly nodeName: string
  readonly parentNode: PageNode | null
  readonly previousSibling: PageNode | null
  readonly childNodes: ArrayLike<PageNode>
  getAttribute?(name: string): string | null
}

/** Elements within each other. Pages have tens; the work that parsers do for one grows with its square. */
const depthMax = 1000
const rawText = /^(script|style|textarea|title)$/
/** Elements that need not be closed, or cannot be. */
const unclosed =
  /^(p|li|dt|dd|tr|td|th|thead|tbody|tfoot|option|optgroup|colgroup|rp|rt|area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/
const unseen = ['script', 'style', 'noscript', 'template', 'iframe', 'object', 'canvas'] as const
const alignments: Record<string, string> = { left: ':--', right: '--:', center: ':-:' }

/**
 * A page as Markdown, with the tables of GitHub's dialect and links that are whole. What is not read (scripts, styles) is left out.
 *
 * @param baseUrl what relative links are relative to
 * @throws QuiverError LIMIT_EXCEEDED: elements are nested too deeply
 *
 * @example
 * ```ts
 * htmlToMarkdown('<h1>Notes</h1><a href="/a">A</a>', 'https://example.com/x') // '# Notes\n\n[A](https://example.com/a)'
 * ```
 */
export function htmlToMarkdown(html: string, baseUrl: string): string {
  if (depthOf(html) > depthMax) throw tooDeep(baseUrl)
  try {
    return serviceFor(baseUrl).turndown(html)
  } catch (error) {
    throw error instanceof RangeError ? tooDeep(baseUrl) : error
  }
}

/** How deeply elements are nested at most; roughly, as it is not known yet which of them close others. */
function depthOf(html: string): number {
  let depth = 0
  let deepest = 0
  /** The element whose text is no markup, while in it. */
  let raw: string | undefined
  for (const [, slash, tag = ''] of html.matchAll(/<(\/?)([a-z][\w-]*)/gi)) {
    const name = tag.toLowerCase()
    if (raw !== undefined) {
      if (slash && name === raw) raw = undefined
      continue
    }
    if (unclosed.test(name)) continue
    if (!slash && rawText.test(name)) raw = name
    else {
      depth = slash ? Math.max(0, depth - 1) : depth + 1
      deepest = Math.max(deepest, depth)
    }
  }
  return deepest
}

function tooDeep(url: string): QuiverError {
  return new QuiverError('LIMIT_EXCEEDED', `The elements of ${url} are nested too deeply.`, { details: { url } })
}

function serviceFor(baseUrl: string): TurndownService {
  const service = new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced', bulletListMarker: '-' })
  service.remove([...unseen])
  service.addRule('wholeLinks', {
    filter: (node) => node.nodeName === 'A' && !!attribute(node, 'href'),
    replacement: (content, node) => {
      const url = wholeUrl(attribute(node, 'href'), baseUrl)
      return url === undefined || content.trim() === '' ? content : `[${content}](${url}${titleOf(node)})`
    },
  })
  service.addRule('wholeImages', {
    filter: 'img',
    replacement: (_, node) => {
      const url = wholeUrl(attribute(node, 'src'), baseUrl)
      return url === undefined ? '' : `![${attribute(node, 'alt').replace(/\s+/g, ' ')}](${url}${titleOf(node)})`
    },
  })
  addTables(service)
  return service
}

function addTables(service: TurndownService): void {
  service.addRule('cell', {
    filter: ['th', 'td'],
    replacement: (content, node) => {
      const text = content
        .replace(/[\s\u00a0]+/g, ' ')
        .trim()
        .replaceAll('|', '\\|')
      return `${isFirst(node) ? '| ' : ' '}${text} |`
    },
  })
  service.addRule('row', {
    filter: 'tr',
    replacement: (content, node) => {
      if (!isFirstRow(node)) return `\n${content}`
      const cells = cellsOf(node)
      const rule = cells.map((cell) => alignments[attribute(cell, 'align').toLowerCase()] ?? '---')
      const isHeading = cells.some((cell) => cell.nodeName === 'TH')
      const heading = isHeading ? content : `|${'  |'.repeat(cells.length)}`
      return `\n${heading}\n| ${rule.join(' | ')} |${isHeading ? '' : `\n${content}`}`
    },
  })
  service.addRule('rows', { filter: ['thead', 'tbody', 'tfoot'], replacement: (content) => content })
  service.addRule('table', { filter: 'table', replacement: (content) => `\n\n${content.trim()}\n\n` })
}

const attribute = (node: PageNode, name: string): string => node.getAttribute?.(name) ?? ''

const cellsOf = (row: PageNode): PageNode[] =>
  Array.from(row.childNodes).filter(({ nodeName }) => nodeName === 'TH' || nodeName === 'TD')

const isFirst = (cell: PageNode): boolean => previousOf(cell, /^(TH|TD)$/) === null

/** The first row of its table. */
function isFirstRow(row: PageNode): boolean {
  if (previousOf(row, /^(TR|THEAD|TBODY|TFOOT)$/) !== null) return false
  const group = row.parentNode
  return group === null || group.nodeName === 'TABLE' || previousOf(group, /^(TR|THEAD|TBODY|TFOOT)$/) === null
}

function previousOf(node: PageNode, names: RegExp): PageNode | null {
  let previous = node.previousSibling
  while (previous !== null && !names.test(previous.nodeName)) previous = previous.previousSibling
  return previous
}

function titleOf(node: PageNode): string {
  const title = attribute(node, 'title').replace(/\s+/g, ' ')
  return title === '' ? '' : ` "${title.replaceAll('"', '\\"')}"`
}

/** Without those that run code. */
function wholeUrl(text: string, baseUrl: string): string | undefined {
  if (text === '' || !URL.canParse(text, baseUrl)) return undefined
  const url = new URL(text, baseUrl)
  return /^(https?|mailto|tel|ftp):$/.test(url.protocol) ? url.href.replaceAll('(', '%28').replaceAll(')', '%29') : undefined
}

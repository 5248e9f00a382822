import { htmlToMarkdown } from '../fetch/html-to-markdown.js'
import type { TextFetcher } from './document-types.js'
import { VectraError } from './vectra-error.js'

export interface BrowserWebFetcherConfig {
  /** Turn pages into Markdown. Default: true. */
  htmlToMarkdown: boolean
  headers?: Record<string, string>
  /** As `fetch` has it. Default: `cors`. */
  mode: 'cors' | 'no-cors' | 'same-origin'
  /** As `fetch` has it. Default: `same-origin`. */
  credentials: 'include' | 'omit' | 'same-origin'
}

/** Types that are read, and what documents of them are. */
const docTypes: Readonly<Record<string, string | undefined>> = {
  'text/html': 'html',
  'text/plain': undefined,
  'text/markdown': 'md',
  'text/xml': 'xml',
  'application/json': 'json',
  'application/xml': 'xml',
  'application/javascript': 'javascript',
}

/**
 * Fetches documents as a page may: from its own origin, and from servers that allow it. For browsers alone, which guard what a page reaches.
 *
 * @example
 * ```ts
 * await new BrowserWebFetcher().fetch('/guide.html', async (uri, text, docType) => {
 *   await index.upsertDocument(uri, text, docType)
 *   return true
 * })
 * ```
 */
export class BrowserWebFetcher implements TextFetcher {
  readonly #config: BrowserWebFetcherConfig

  constructor(config: Partial<BrowserWebFetcherConfig> = {}) {
    this.#config = { htmlToMarkdown: true, mode: 'cors', credentials: 'same-origin', ...config }
  }

  /** @throws VectraError STORAGE_FAILED: an answer other than 2xx; UNSUPPORTED: a type that is no text */
  async fetch(uri: string, onDocument: (uri: string, text: string, docType?: string) => Promise<boolean>): Promise<boolean> {
    const { mode, credentials, headers, htmlToMarkdown: wantsMarkdown } = this.#config
    const response = await fetch(uri, { mode, credentials, headers })
    if (!response.ok) throw new VectraError('STORAGE_FAILED', `HTTP ${response.status}: ${response.statusText}`)
    const contentType = response.headers.get('content-type') ?? ''
    const type = contentType.split(';')[0]!.trim().toLowerCase()
    if (!Object.hasOwn(docTypes, type)) throw new VectraError('UNSUPPORTED', `Unsupported content type: ${contentType}`)
    const text = await response.text()
    if (type !== 'text/html' || !wantsMarkdown) return onDocument(uri, text, docTypes[type])
    return onDocument(uri, htmlToMarkdown(text, response.url || uri), 'md')
  }
}

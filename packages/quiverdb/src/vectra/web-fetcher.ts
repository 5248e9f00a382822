import { guardedFetch } from '../fetch/guarded-fetch.js'
import { htmlToMarkdown } from '../fetch/html-to-markdown.js'
import type { TextFetcher } from './document-types.js'
import { VectraError } from './vectra-error.js'

export interface WebFetcherConfig {
  /** Turn pages into Markdown. Default: true. */
  htmlToMarkdown: boolean
  /** Has no effect, as in Vectra. */
  summarizeHtml: boolean
  /** Sent beside those of a browser, in whose place they come. */
  headers?: Record<string, string>
  /** Further options of `fetch`. */
  requestConfig?: RequestInit
  /** Fetch from this machine and from private networks too. Default: false. */
  allowPrivateAddresses?: boolean
  /** Largest answer. Default: 16 MiB. */
  bytesMax?: number
  /** For one document, with its redirects. Default: 30,000. */
  timeoutMs?: number
}

const browserHeaders: Readonly<Record<string, string>> = {
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,text/plain;q=0.8,*/*;q=0.5',
  'Accept-Language': 'en-US,en;q=0.5',
  'Cache-Control': 'no-cache',
  'Upgrade-Insecure-Requests': '1',
  'User-Agent': 'Mozilla/5.0 (compatible; quiverdb)',
}

/** Types that are read, and what documents of them are. */
const docTypes: Readonly<Record<string, string | undefined>> = {
  'text/html': 'html',
  'application/json': 'json',
  'application/xml': 'xml',
  'application/javascript': 'javascript',
  'text/plain': undefined,
}
/** A page that begins with so many characters without a space begins with something that is not for reading. */
const firstWordLengthMax = 64

/**
 * Fetches documents from the web: over http and https, by default from public addresses only, within limits of size and time.
 *
 * @example
 * ```ts
 * await new WebFetcher().fetch('https://example.com/', async (uri, text, docType) => {
 *   await index.upsertDocument(uri, text, docType)
 *   return true
 * })
 * ```
 */
export class WebFetcher implements TextFetcher {
  /** @internal Its name is Vectra's. */
  readonly _config: WebFetcherConfig

  constructor(config: Partial<WebFetcherConfig> = {}) {
    this._config = { htmlToMarkdown: true, summarizeHtml: false, ...config }
  }

  /** @throws VectraError FETCH_FAILED: an error of the site, or nothing that is read; what `guardedFetch` throws */
  async fetch(uri: string, onDocument: (uri: string, text: string, docType?: string) => Promise<boolean>): Promise<boolean> {
    const { requestConfig, allowPrivateAddresses, bytesMax, timeoutMs } = this._config
    const { text, contentType } = await guardedFetch(uri, {
      headers: this.#headersFor(uri),
      ...(requestConfig && { init: requestConfig }),
      ...(allowPrivateAddresses !== undefined && { allowPrivateAddresses }),
      ...(bytesMax !== undefined && { bytesMax }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      check,
    })
    if (contentType === 'text/html' && this._config.htmlToMarkdown) return onDocument(uri, this.htmlToMarkdown(text, uri), 'md')
    return onDocument(uri, text, docTypes[contentType])
  }

  /** @internal */
  htmlToMarkdown(html: string, baseUrl: string): string {
    const markdown = htmlToMarkdown(html, baseUrl)
    const firstSpace = markdown.search(/[ \n]/)
    return firstSpace > firstWordLengthMax ? markdown.slice(firstSpace).trimStart() : markdown
  }

  #headersFor(uri: string): Record<string, string> {
    const host: Record<string, string> = URL.canParse(uri) ? { Host: new URL(uri).host, 'Alt-Used': new URL(uri).hostname } : {}
    return { ...browserHeaders, ...host, ...this._config.headers }
  }
}

/** @throws VectraError FETCH_FAILED */
function check({ status, headers }: Response): void {
  if (status >= 400) throw new VectraError('FETCH_FAILED', `Site returned an HTTP status of ${status}`, { details: { status } })
  const contentType = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  if (!Object.hasOwn(docTypes, contentType))
    throw new VectraError('FETCH_FAILED', `Site returned an invalid content type of ${contentType}`, { details: { contentType } })
}

import { QuiverError } from '../../errors.js'
import { guardedFetch } from '../../fetch/guarded-fetch.js'
import { htmlToMarkdown } from '../../fetch/html-to-markdown.js'
import type { DocumentFetchOptions } from '../types.js'

/** What has text in it; everything else would be stored as noise. */
const textTypes =
  /^(text\/.*|application\/(.*\+)?(json|xml|yaml|toml)|application\/(javascript|ecmascript|x-yaml|x-ndjson|x-tex|sql))$/
const htmlTypes = ['text/html', 'application/xhtml+xml']
const docTypes = new Map([
  ['text/markdown', 'md'],
  ['text/javascript', 'js'],
  ['application/javascript', 'js'],
  ['application/json', 'json'],
])

/**
 * The text at a URL; a page becomes Markdown.
 * @returns `docType` where the answer's type says more than the URL does
 * @throws QuiverError INVALID_ARGUMENT, INVALID_DOCUMENT: it is no text. FETCH_FAILED, LIMIT_EXCEEDED, TIMEOUT, ABORTED
 */
export async function fetchText(
  url: string,
  options: DocumentFetchOptions,
  signal: AbortSignal | undefined,
): Promise<{ text: string; docType?: string }> {
  const {
    url: found,
    contentType,
    text,
  } = await guardedFetch(url, {
    ...options,
    ...(signal && { signal }),
    check: (response) => check(url, response),
  })
  if (text.includes('\0')) throw noText(url, 'it is binary')
  if (htmlTypes.includes(contentType)) return { text: htmlToMarkdown(text, found), docType: 'md' }
  const docType = docTypes.get(contentType)
  return { text, ...(docType !== undefined && { docType }) }
}

function check(url: string, response: Response): void {
  if (!response.ok) {
    throw new QuiverError('FETCH_FAILED', `${url} answered with status ${response.status}.`, {
      details: { url, status: response.status },
    })
  }
  const type = (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  if (type !== '' && !textTypes.test(type) && !htmlTypes.includes(type)) throw noText(url, `its type is ${type}`)
}

function noText(url: string, why: string): QuiverError {
  return new QuiverError('INVALID_DOCUMENT', `${url} holds no text that can be read: ${why}.`, { details: { url } })
}

import type { FileStorage } from './storage/file-storage.js'
import type { IndexItem, QueryResult } from './types.js'
import { VectraError } from './vectra-error.js'

export interface KeywordSearchOptions {
  /** Makes the engine that ranks texts. */
  bm25Factory?: () => unknown
  /** The text of a document. Default: its file. */
  docReader?: (documentId: string) => Promise<string>
}

export interface KeywordSearch {
  readonly index: { readonly folderPath: string; readonly storage: FileStorage }
  /** Items that may be found. */
  readonly items: readonly IndexItem[]
  readonly query: string
  readonly topK: number
}

/** Items whose texts have the words of a query. */
export async function keywordResults(_search: KeywordSearch, _options: KeywordSearchOptions): Promise<QueryResult[]> {
  throw new VectraError('UNSUPPORTED', 'Search by keywords is not there yet.')
}

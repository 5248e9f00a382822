import type { Command } from 'commander'
import type { DocumentCollection, DocumentsOptions, Namespace, TextLanguage } from 'quiverdb'
import { embedderOf, type EmbedderOptions, withEmbedderOptions } from '../../embedder-options.js'
import { type NamespaceOptions, withNamespaceOptions } from '../../session.js'

export interface DocsOptions extends NamespaceOptions, EmbedderOptions {
  collection: string
  language?: TextLanguage
}

/** The options of every command on documents. */
export function withDocsOptions(command: Command): Command {
  const named = withNamespaceOptions(command).option('--collection <name>', 'collection of the documents', 'documents')
  return withEmbedderOptions(named, 'built-in').option(
    '--language <name>',
    'whose words the texts are, such as english, for searches by words (default: none)',
  )
}

/** The collection with its documents, made where it is missing. */
export function openDocs(
  namespace: Namespace,
  options: DocsOptions,
  more: Pick<DocumentsOptions, 'chunkTokens' | 'fetch'> = {},
): Promise<DocumentCollection> {
  const { language } = options
  return namespace.collection(options.collection, {
    documents: { embedder: embedderOf(options), ...(language && { language }), ...more },
  })
}

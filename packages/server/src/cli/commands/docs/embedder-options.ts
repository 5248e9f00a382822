import { type Command, Option } from 'commander'
import type { DocumentCollection, DocumentsOptions, Namespace, TextLanguage } from 'quiverdb'
import {
  azureEmbedder,
  builtInEmbedder,
  type Embedder,
  ollamaEmbedder,
  openAiEmbedder,
  transformersEmbedder,
} from 'quiverdb/embed'
import { usageError } from '../../failure.js'
import { type NamespaceOptions, withNamespaceOptions } from '../../session.js'
import { wholeNumber } from '../../values.js'

const embedderNames = ['built-in', 'openai', 'azure', 'ollama', 'transformers'] as const

export interface DocsOptions extends NamespaceOptions {
  collection: string
  embedder: (typeof embedderNames)[number]
  model?: string
  baseUrl?: string
  dimensions?: number
  language?: TextLanguage
}

/** The options of every command on documents. A key is never one: command lines are seen by everybody on the machine. */
export function withDocsOptions(command: Command): Command {
  return withNamespaceOptions(command)
    .option('--collection <name>', 'collection of the documents', 'documents')
    .addOption(
      new Option('--embedder <name>', 'what turns texts into vectors')
        .choices(embedderNames)
        .default('built-in')
        .env('QUIVER_EMBEDDER'),
    )
    .addOption(new Option('--model <name>', 'its model; for azure, the deployment').env('QUIVER_EMBEDDER_MODEL'))
    .addOption(new Option('--base-url <url>', 'where it is, if not where it usually is').env('QUIVER_EMBEDDER_URL'))
    .addOption(
      new Option('--dimensions <n>', 'length of its vectors, where it may be chosen')
        .argParser(wholeNumber(1, 16_384))
        .env('QUIVER_EMBEDDER_DIMENSIONS'),
    )
    .option('--language <name>', 'whose words the texts are, such as english, for searches by words (default: none)')
    .addHelpText('after', '\nKeys are read from QUIVER_EMBEDDER_KEY, or OPENAI_API_KEY and AZURE_OPENAI_API_KEY.\n')
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

/** @throws CommandError USAGE: something it needs is missing */
function embedderOf({ embedder, model, baseUrl, dimensions }: DocsOptions): Embedder {
  const own = { ...(dimensions !== undefined && { dimensions }) }
  const key = (variable: string): string | undefined => process.env['QUIVER_EMBEDDER_KEY'] ?? process.env[variable]
  switch (embedder) {
    case 'built-in':
      return builtInEmbedder(own)
    case 'openai':
      return openAiEmbedder({
        ...own,
        model: model ?? 'text-embedding-3-small',
        ...withKey(
          baseUrl === undefined ? needed(key('OPENAI_API_KEY'), 'OPENAI_API_KEY in the environment') : key('OPENAI_API_KEY'),
        ),
        ...(baseUrl !== undefined && { baseUrl }),
      })
    case 'azure':
      return azureEmbedder({
        ...own,
        endpoint: needed(baseUrl, '--base-url with the endpoint'),
        deployment: needed(model, '--model with the name of the deployment'),
        apiKey: needed(key('AZURE_OPENAI_API_KEY'), 'AZURE_OPENAI_API_KEY in the environment'),
      })
    case 'ollama':
      return ollamaEmbedder({ ...own, model: model ?? 'nomic-embed-text', ...(baseUrl !== undefined && { baseUrl }) })
    case 'transformers':
      return transformersEmbedder({ ...own, ...(model !== undefined && { model }) })
  }
}

function withKey(apiKey: string | undefined): { apiKey?: string } {
  return apiKey === undefined ? {} : { apiKey }
}

function needed(value: string | undefined, what: string): string {
  if (value !== undefined && value !== '') return value
  throw usageError(`this embedder needs ${what}`)
}

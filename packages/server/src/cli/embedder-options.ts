import { type Command, Option } from 'commander'
import {
  azureEmbedder,
  builtInEmbedder,
  type Embedder,
  ollamaEmbedder,
  openAiEmbedder,
  transformersEmbedder,
} from 'quiverdb/embed'
import { usageError } from './failure.js'
import { wholeNumber } from './values.js'

const embedderNames = ['built-in', 'openai', 'azure', 'ollama', 'transformers'] as const

export const parsedDimensions = wholeNumber(1, 16_384)

export interface EmbedderOptions {
  embedder: (typeof embedderNames)[number]
  model?: string
  baseUrl?: string
  dimensions?: number
}

/**
 * The options that choose an embedder. A key is never one: command lines are seen by everybody on the machine.
 * @param fallback what is taken where none is named; absent: the command does without
 */
export function withEmbedderOptions(command: Command, fallback?: EmbedderOptions['embedder']): Command {
  const named = new Option('--embedder <name>', 'what turns texts into vectors').choices(embedderNames).env('QUIVER_EMBEDDER')
  return command
    .addOption(fallback === undefined ? named : named.default(fallback))
    .addOption(new Option('--model <name>', 'its model; for azure, the deployment').env('QUIVER_EMBEDDER_MODEL'))
    .addOption(new Option('--base-url <url>', 'where it is, if not where it usually is').env('QUIVER_EMBEDDER_URL'))
    .addOption(
      new Option('--dimensions <n>', 'length of its vectors, where it may be chosen')
        .argParser(parsedDimensions)
        .env('QUIVER_EMBEDDER_DIMENSIONS'),
    )
    .addHelpText(
      'after',
      '\nKeys are read from QUIVER_EMBEDDER_KEY or RUSHDB_EMBEDDING_API_KEY, or OPENAI_API_KEY and AZURE_OPENAI_API_KEY.\n',
    )
}

/** @throws CommandError USAGE: something it needs is missing */
export function embedderOf({ embedder, model, baseUrl, dimensions }: EmbedderOptions): Embedder {
  const own = { ...(dimensions !== undefined && { dimensions }) }
  const key = (variable: string): string | undefined =>
    process.env['QUIVER_EMBEDDER_KEY'] ?? process.env['RUSHDB_EMBEDDING_API_KEY'] ?? process.env[variable]
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

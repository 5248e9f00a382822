import { type Command, Option } from 'commander'
import { readFile } from 'node:fs/promises'
import {
  detectCodec,
  type EmbeddingsModel,
  JsonCodec,
  LocalDocumentIndex,
  LocalFileStorage,
  OpenAIEmbeddings,
  ProtobufCodec,
} from 'quiverdb/vectra'
import { notFound, usageError } from '../../failure.js'
import type { OutputOptions } from '../../output.js'

type OpenAIOptions = ConstructorParameters<typeof OpenAIEmbeddings>[0]

export interface FolderOptions extends OutputOptions {
  keys?: string
  chunkSize?: number
}

/** Formats of an index, and who writes them. */
export const codecs = { json: JsonCodec, protobuf: ProtobufCodec } as const
export type FormatOption = keyof typeof codecs

export const formatOption = (flags: string): Option => new Option(flags, 'format of the files').choices(Object.keys(codecs))

/** `text-embedding-ada-002`, which keys files without a model mean. */
const modelDefault = 'text-embedding-ada-002'
const maxTokensDefault = 8000

export function withKeys(command: Command): Command {
  return command.requiredOption(
    '-k, --keys <file>',
    'JSON file with the options of OpenAIEmbeddings, such as {"apiKey": "...", "model": "..."}',
  )
}

export function withJson(command: Command): Command {
  return command.option('--json', 'answer in JSON')
}

/** The index of documents in a folder, in whatever format it is. */
export async function openFolder(folder: string, { keys, chunkSize }: FolderOptions): Promise<LocalDocumentIndex> {
  const storage = new LocalFileStorage()
  const codec = await detectCodec(folder, storage).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'NOT_FOUND')
      throw notFound(`no index in ${folder}`, 'quiver vectra create makes one.')
    throw error
  })
  const embeddings = keys === undefined ? undefined : await embeddingsOf(keys)
  return new LocalDocumentIndex({
    folderPath: folder,
    storage,
    codec,
    ...(embeddings && { embeddings }),
    ...(chunkSize !== undefined && { chunkingConfig: { chunkSize } }),
  })
}

async function embeddingsOf(keys: string): Promise<EmbeddingsModel> {
  const text = await readFile(keys, 'utf8')
  let options: unknown
  try {
    options = JSON.parse(text)
  } catch {
    // Without what stands in it: those are keys.
    throw usageError(`${keys} is not JSON`)
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw usageError(`${keys} is not a JSON object`)
  const known = ['apiKey', 'azureApiKey', 'ossModel'].some((name) => name in options)
  if (!known) throw usageError(`${keys} has none of apiKey, azureApiKey and ossModel`)
  const isPlain = 'apiKey' in options && !('model' in options)
  return new OpenAIEmbeddings({
    ...(isPlain && { model: modelDefault, maxTokens: maxTokensDefault }),
    ...options,
  } as OpenAIOptions)
}

/** What `--uri` and `--list` name: at least one. */
export async function namedUris({ uri = [], list }: { uri?: string[]; list?: string }): Promise<string[]> {
  const listed = list === undefined ? [] : (await readFile(list, 'utf8')).split(/\r?\n/)
  const uris = [...uri, ...listed].map((one) => one.trim()).filter((one) => one !== '')
  if (uris.length === 0)
    throw usageError('you must specify either one or more "--uri <link>" for the documents, or a "--list <file>" of them')
  return uris
}

import { type Command, Option } from 'commander'
import type { DocumentHit, DocumentSearchResult, SearchMode, WhereInput } from 'quiverdb'
import { notFound } from '../../failure.js'
import { interrupt } from '../../interrupt.js'
import { answer, remark } from '../../output.js'
import { brief, duration } from '../../render/text.js'
import { withNamespace } from '../../session.js'
import { jsonObject, wholeNumber } from '../../values.js'
import { type DocsOptions, openDocs, withDocsOptions } from './docs-options.js'

const passageWidth = 200
const scoreDigits = 3

interface SearchOptions extends DocsOptions {
  mode?: SearchMode
  limit: number
  where?: WhereInput
  at?: string
  tokens?: number
  sections?: number
}

export function defineDocsSearch(group: Command): void {
  const command = group
    .command('search')
    .description('find the documents that say most about something')
    .argument('<text...>', 'the question')
  withDocsOptions(command)
    .addOption(
      new Option('--mode <name>', 'by meaning, by words, or both (default: hybrid)').choices(['vector', 'keyword', 'hybrid']),
    )
    .option('--limit <n>', 'at most so many documents', wholeNumber(1, 1_000), 5)
    .option('--where <json>', 'only documents that match this filter', jsonObject)
    .option('--at <version>', 'search this version')
    .option('--tokens <n>', 'show passages for a prompt, of so many tokens a document', wholeNumber(1, 1_000_000))
    .option('--sections <n>', 'passages of a document (default: 3)', wholeNumber(1, 100))
    .action((words: string[], options: SearchOptions) => search(words.join(' '), options))
}

function search(text: string, options: SearchOptions): Promise<void> {
  return withNamespace(options, async (namespace) => {
    const { collection, mode, limit, where, at, tokens, sections } = options
    if (!(await namespace.collections()).includes(`${collection}/chunks`))
      throw notFound(`there are no documents in a collection "${collection}" in ${options.db}`, 'quiver docs add makes one.')
    const { documents } = await openDocs(namespace, options)
    const started = performance.now()
    const wantsSections = tokens !== undefined || sections !== undefined
    const query = {
      text,
      ...(mode && { mode }),
      limit,
      ...(where && { where }),
      ...(wantsSections && { sections: { ...(tokens && { tokens }), ...(sections && { count: sections }) } }),
      signal: interrupt,
    }
    const result = at === undefined ? await documents.search(query) : await searchAt(await documents.at(at), query)
    const elapsed = performance.now() - started
    answer(options, result, () => textOf(result.documents))
    remark(options, `${result.documents.length} of "${collection}" at version ${result.version} in ${duration(elapsed)}`)
  })
}

type Search = Parameters<Awaited<ReturnType<typeof openDocs>>['documents']['search']>[0]

async function searchAt(
  version: { search(query: Search): Promise<DocumentSearchResult>; close(): Promise<void> },
  query: Search,
): Promise<DocumentSearchResult> {
  try {
    return await version.search(query)
  } finally {
    await version.close()
  }
}

function textOf(documents: readonly DocumentHit[]): string {
  if (documents.length === 0) return 'Nothing matches.'
  return documents.map((hit) => `${hit.score.toFixed(scoreDigits)}  ${hit.uri}\n${indented(passagesOf(hit))}`).join('\n\n')
}

function passagesOf({ sections, chunks }: DocumentHit): string {
  if (sections) return sections.map(({ text }) => text).join('\n...\n')
  return brief(chunks[0]!.text, passageWidth)
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `       ${line}`.trimEnd())
    .join('\n')
}

import type { Command } from 'commander'
import { defineDocsAdd } from './add.js'
import { defineDocsSearch } from './search.js'
import { defineDocsWatch } from './watch.js'

export function defineDocs(program: Command): void {
  const group = program.command('docs').description('keep texts, files and web pages, and find them by what they say')
  defineDocsAdd(group)
  defineDocsWatch(group)
  defineDocsSearch(group)
}

import type { Command } from 'commander'
import { answer } from '../output.js'
import { type NamespaceOptions, withNamespace, withNamespaceOptions } from '../session.js'

interface CommitOptions extends NamespaceOptions {
  message: string
}

export function defineCommit(program: Command): void {
  withNamespaceOptions(program.command('commit').description('name the newest version, which keeps it readable'))
    .requiredOption('-m, --message <text>', 'what to call it')
    .action((options: CommitOptions) => commit(options))
}

function commit(options: CommitOptions): Promise<void> {
  return withNamespace(options, async (namespace) => {
    const version = await namespace.commit(options.message)
    answer(options, { version, message: options.message }, () => `Version ${version} is now "${options.message}".`)
  })
}

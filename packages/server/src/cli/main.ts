import { Command, CommanderError } from 'commander'
import { readFile } from 'node:fs/promises'
import { defineCheck } from './commands/check.js'
import { defineDocs } from './commands/docs/docs.js'
import { defineCommit } from './commands/commit.js'
import { defineGet } from './commands/get.js'
import { defineImport } from './commands/import.js'
import { defineInfo } from './commands/info.js'
import { defineKeys } from './commands/keys.js'
import { defineLog } from './commands/log.js'
import { defineSearch } from './commands/search.js'
import { defineServe } from './commands/serve.js'
import { defineVectra } from './commands/vectra/vectra.js'
import { exitCodes, failureOf } from './failure.js'
import { listenForInterrupt } from './interrupt.js'
import { reportFailure } from './output.js'

process.exitCode = await main(process.argv)

async function main(argv: string[]): Promise<number> {
  listenForInterrupt()
  // `quiver log | head` closes the pipe early; that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed),
  )
  try {
    await (await program()).parseAsync(argv)
    return Number(process.exitCode ?? exitCodes.ok)
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok
    // Without a command the help was shown already.
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage
    const failure = failureOf(error)
    reportFailure({ json: argv.includes('--json') }, failure)
    return failure.exitCode
  }
}

async function program(): Promise<Command> {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  const quiver = new Command('quiver')
    .description('A versioned vector database in a folder: fill it, search it, look into it.')
    .version(manifest.version)
    // Failures are thrown to main, which reports them all alike.
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
    .helpCommand(false)
  defineImport(quiver)
  defineSearch(quiver)
  defineGet(quiver)
  defineInfo(quiver)
  defineLog(quiver)
  defineCommit(quiver)
  defineCheck(quiver)
  defineDocs(quiver)
  defineServe(quiver)
  defineKeys(quiver)
  defineVectra(quiver)
  quiver.addHelpText('after', '\nStart with: quiver import papers.jsonl --db ./data --collection papers\n')
  return quiver
}

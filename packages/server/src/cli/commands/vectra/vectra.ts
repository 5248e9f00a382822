import type { Command } from 'commander'
import { defineDocumentCommands } from './document-commands.js'
import { defineVectraExport } from './export.js'
import { defineVectraImport } from './import.js'
import { defineIndexCommands } from './index-commands.js'

export function defineVectra(program: Command): void {
  const vectra = program.command('vectra').description('folders of Vectra: indexes of items and documents').helpCommand(false)
  defineIndexCommands(vectra)
  defineDocumentCommands(vectra)
  defineVectraImport(vectra)
  defineVectraExport(vectra)
}

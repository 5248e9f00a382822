import type { Command } from 'commander'
import { defineVectraExport } from './export.js'
import { defineVectraImport } from './import.js'

export function defineVectra(program: Command): void {
  const vectra = program.command('vectra').description('folders of Vectra: indexes of items and documents').helpCommand(false)
  defineVectraImport(vectra)
  defineVectraExport(vectra)
}

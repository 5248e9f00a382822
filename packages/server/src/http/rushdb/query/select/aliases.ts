import { badRequest } from '../../problem.js'
import type { WhereNode } from '../where-tree.js'
import type { Source } from './expression.js'

/** The records that a search finds. */
export const root: Source = {}

/**
 * What expressions may name: `$record`, and the related records that a `where` gives an alias.
 * @throws RushProblem 400: an alias is given twice
 */
export function aliasesOf(where: WhereNode): Map<string, Source> {
  const aliases = new Map([['$record', root]])
  const visit = (node: WhereNode, parent: Source): void => {
    if (node.kind === 'group') for (const inner of node.nodes) visit(inner, parent)
    if (node.kind !== 'related') return
    const { block } = node
    const source: Source = { block, parent }
    if (block.alias !== undefined) {
      if (aliases.has(block.alias)) throw badRequest(`The alias ${block.alias} is given twice`)
      aliases.set(block.alias, source)
    }
    visit(block.where, source)
  }
  visit(where, root)
  return aliases
}

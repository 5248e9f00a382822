import { pathOf } from '../../stored.js'
import type { Expression, Source } from './expression.js'

/** What is read of each source: names of properties, or everything. */
export type Needs = ReadonlyMap<Source, ReadonlySet<string> | 'everything'>

/** What some expressions read. */
export function needsOf(expressions: readonly Expression[]): Needs {
  const needs = new Map<Source, Set<string> | 'everything'>()
  const namesOf = (source: Source): Set<string> | 'everything' => {
    const known = needs.get(source) ?? new Set<string>()
    needs.set(source, known)
    return known
  }
  const name = (source: Source, property: string): void => {
    const names = namesOf(source)
    if (names !== 'everything') names.add(property)
  }
  const visit = (expression: Expression): void => {
    switch (expression.kind) {
      case 'literal':
        return
      case 'record':
        needs.set(expression.source, 'everything')
        return
      case 'arithmetic':
        return expression.operands.forEach(visit)
      case 'statistic':
        // Records are counted by their ids.
        if (expression.of?.kind === 'record') namesOf(expression.of.source)
        else if (expression.of) visit(expression.of)
        return
      case 'collect': {
        const { source, item, withRecord, orderBy } = expression
        if (!item || withRecord) needs.set(source, 'everything')
        for (const { key } of orderBy) name(source, key)
        if (item && 'kind' in item) visit(item)
        else for (const one of item ?? []) visit(one.expression)
        return
      }
      default:
        name(expression.source, expression.name)
    }
  }
  expressions.forEach(visit)
  return needs
}

/** As the engine is told; undefined: all. */
export function fieldsOf(needs: Needs, source: Source): readonly string[] | undefined {
  const names = needs.get(source) ?? new Set<string>()
  return names === 'everything' ? undefined : ['label', 'props', ...[...names].map(pathOf)]
}

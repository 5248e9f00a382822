import type { Condition } from './condition.js'

/** The dotted paths of the fields that a condition looks at, each once; those inside `elemMatch` begin with its path. */
export function pathsOf(condition: Condition): readonly string[] {
  const paths = new Set<string>()
  collect(condition, '', paths)
  return [...paths]
}

function collect(condition: Condition, within: string, paths: Set<string>): void {
  switch (condition.op) {
    case 'always':
      return
    case 'and':
    case 'or':
    case 'nor':
    case 'xor':
      for (const part of condition.conditions) collect(part, within, paths)
      return
    case 'not':
      collect(condition.condition, within, paths)
      return
    case 'elemMatch': {
      const path = joined(within, condition.path)
      paths.add(path)
      collect(condition.condition, path, paths)
      return
    }
    default:
      paths.add(joined(within, condition.path))
  }
}

function joined(within: string, path: string): string {
  return within === '' || path === '' ? within + path : `${within}.${path}`
}

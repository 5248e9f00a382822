import type { SchemaItem, SchemaProperty } from './schema.js'

/** A schema as tables, for people and language models. */
export function schemaMarkdown(items: readonly SchemaItem[]): string {
  if (items.length === 0) return '# Schema\n\nThere are no records.\n'
  const labels = table(
    ['Label', 'Records'],
    items.map(({ label, count }) => [label, String(count)]),
  )
  return ['# Schema', labels, ...items.map(ofLabel)].join('\n\n') + '\n'
}

function ofLabel({ label, count, properties, relationships }: SchemaItem): string {
  const blocks = [`## ${cell(label)} (${count})`]
  if (properties.length > 0)
    blocks.push(
      table(
        ['Property', 'Type', 'Records', 'Values', 'Vector indexes'],
        properties.map((property) => [
          property.name,
          property.isArray ? `${property.type}[]` : property.type,
          String(property.recordsCount),
          valuesText(property),
          (property.vectorIndexes ?? [])
            .map(({ sourceType, similarityFunction, dimensions, status }) =>
              [sourceType, similarityFunction, dimensions, status].join(' '),
            )
            .join('; '),
        ]),
      ),
    )
  if (relationships.length > 0)
    blocks.push(
      table(
        ['Relationship', 'Direction', 'Label', 'Count', 'Properties'],
        relationships.map(({ type, direction, label, count, properties = [] }) => [
          type,
          direction,
          label,
          String(count),
          properties.map(({ name, type }) => `${name}: ${type}`).join(', '),
        ]),
      ),
    )
  return blocks.join('\n\n')
}

function valuesText({ min, max, values = [] }: SchemaProperty): string {
  return min === undefined ? values.map((value) => JSON.stringify(value)).join(', ') : `${min} to ${max}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('\\', '\\\\').replaceAll('|', '\\|')
}

const gap = '  '

export interface Column {
  readonly title: string
  readonly right?: boolean
}

/** Rows under their titles, each column as wide as its widest cell. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, at) => Math.max(column.title.length, ...rows.map((row) => (row[at] ?? '').length)))
  const line = (cells: readonly string[]) =>
    columns
      .map((column, at) => (column.right ? (cells[at] ?? '').padStart(widths[at]!) : (cells[at] ?? '').padEnd(widths[at]!)))
      .join(gap)
      .trimEnd()
  return [line(columns.map((column) => column.title)), ...rows.map(line)].join('\n')
}

/** How many of the columns fit into `widthMax` characters, at least one. */
export function columnsThatFit(columns: readonly Column[], rows: readonly (readonly string[])[], widthMax: number): number {
  let width = 0
  for (let at = 0; at < columns.length; at++) {
    width += Math.max(columns[at]!.title.length, ...rows.map((row) => (row[at] ?? '').length)) + (at === 0 ? 0 : gap.length)
    if (width > widthMax) return Math.max(1, at)
  }
  return columns.length
}

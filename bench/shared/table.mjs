/**
 * @param {readonly string[]} head @param {readonly (readonly string[])[]} lines @returns {string} columns aligned: the first two to the
 *   left, numbers to the right
 */
export function table(head, lines) {
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)))
  const format = (line) =>
    line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ')
  return [format(head), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.map(format)].join('\n')
}

/**
 * @param {readonly string[]} head @param {readonly (readonly string[])[]} lines
 * @param {readonly { engine: string, error?: string }[]} rows those with an error are named below
 * @returns {string}
 */
export function tableWithFailures(head, lines, rows) {
  const failures = rows.filter((row) => row.error !== undefined).map((row) => `${row.engine} failed: ${row.error}`)
  return [...(lines.length > 0 ? [table(head, lines)] : []), ...failures].join('\n')
}

/** @param {number | undefined} value @param {number} [digits] @returns {string} `-` for a number that is not known */
export function number(value, digits = 0) {
  if (value === undefined || !Number.isFinite(value)) return '-'
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

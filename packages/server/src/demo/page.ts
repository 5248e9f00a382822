const indent = '   '
const plainWidth = 100

let headings = 0

/** The room for text, in characters. */
export const textWidth = (process.stdout.columns ?? plainWidth) - indent.length

export function heading(text: string): void {
  headings++
  process.stdout.write(`\n${headings}. ${text}\n\n`)
}

export function say(text = ''): void {
  process.stdout.write(`${text.replace(/^(?=.)/gm, indent)}\n`)
}

/**
 * Text in a form whose order by UTF-16 code units, which is that of ids and filters, is the order of the UTF-8 bytes of the original.
 * Characters above U+FFFF get U+FFFF before them, and the two code units that would be in the way are written as two.
 */
export function orderedText(text: string): string {
  return text.replace(/[\u{10000}-\u{10ffff}\ufffe\uffff]/gu, (character) => {
    if (character === '\ufffe') return '\ufffe\u0001'
    return character === '\uffff' ? '\ufffe\u0002' : `\uffff${character}`
  })
}

/** What {@link orderedText} was made of. */
export function plainText(ordered: string): string {
  return ordered.replace(/\ufffe[\u0001\u0002]|\uffff/g, (found) => {
    if (found === '\uffff') return ''
    return found === '\ufffe\u0001' ? '\ufffe' : '\uffff'
  })
}

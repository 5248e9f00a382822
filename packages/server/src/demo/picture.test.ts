import { describe, expect, it } from 'vitest'
import { sideBySide } from './picture.js'

function pixels(...inked: [row: number, column: number][]): Uint8Array {
  const image = new Uint8Array(784)
  for (const [row, column] of inked) image[row * 28 + column] = 255
  return image
}

describe('pictures in a terminal', () => {
  it('draws two rows of pixels a line, without the margins', () => {
    const image = pixels([4, 10], [5, 11], [6, 12], [7, 12])
    expect(sideBySide([{ captions: ['a'], pixels: image }], 80)).toBe('a\n▀▄\n  █')
  })

  it('draws a last row without a partner', () => {
    expect(sideBySide([{ captions: [], pixels: pixels([27, 0]) }], 80)).toBe('▀')
  })

  it('leaves out what does not fit, but never the first', () => {
    const picture = (caption: string) => ({ captions: [caption], pixels: pixels([0, 0]) })
    expect(sideBySide([picture('one'), picture('two'), picture('three')], 9)).toBe('one   two\n▀     ▀')
    expect(sideBySide([picture('one'), picture('two')], 1)).toBe('one\n▀')
  })
})

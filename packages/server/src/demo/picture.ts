const side = 28
const inkFrom = 96
const gap = '   '

/** A picture with words above it. */
export interface Picture {
  readonly captions: readonly string[]
  readonly pixels: ArrayLike<number>
}

/** As many of the pictures as fit into `widthMax` characters, beside each other; the first is always there. */
export function sideBySide(pictures: readonly Picture[], widthMax: number): string {
  const blocks: string[][] = []
  let width = 0
  for (const { captions, pixels } of pictures) {
    const lines = draw(pixels)
    const block = [...captions, ...lines]
    const blockWidth = Math.max(...block.map((line) => line.length))
    width += blockWidth + (blocks.length === 0 ? 0 : gap.length)
    if (width > widthMax && blocks.length > 0) break
    blocks.push(block.map((line) => line.padEnd(blockWidth)))
  }
  const height = Math.max(...blocks.map((block) => block.length))
  const rows = Array.from({ length: height }, (_, row) =>
    blocks
      .map((block) => block[row] ?? ' '.repeat(block[0]!.length))
      .join(gap)
      .trimEnd(),
  )
  return rows.join('\n')
}

/** Two pixel rows a line, by half blocks; empty margins are cut away. */
function draw(pixels: ArrayLike<number>): string[] {
  const { top, bottom, left, right } = inked(pixels)
  const lines: string[] = []
  for (let row = top; row <= bottom; row += 2) {
    let line = ''
    for (let column = left; column <= right; column++) {
      const upper = hasInk(pixels, row, column)
      const lower = hasInk(pixels, row + 1, column)
      line += upper ? (lower ? '█' : '▀') : lower ? '▄' : ' '
    }
    lines.push(line)
  }
  return lines
}

function inked(pixels: ArrayLike<number>): { top: number; bottom: number; left: number; right: number } {
  const box = { top: side - 1, bottom: 0, left: side - 1, right: 0 }
  for (let at = 0; at < side * side; at++) {
    if (pixels[at]! < inkFrom) continue
    const row = Math.floor(at / side)
    const column = at % side
    box.top = Math.min(box.top, row)
    box.bottom = Math.max(box.bottom, row)
    box.left = Math.min(box.left, column)
    box.right = Math.max(box.right, column)
  }
  return box
}

function hasInk(pixels: ArrayLike<number>, row: number, column: number): boolean {
  return row < side && pixels[row * side + column]! >= inkFrom
}

import { SingleBar } from 'cli-progress'
import type { OutputOptions } from '../output.js'
import { duration } from './text.js'

const plainLineEveryMs = 3_000
const barWidth = 28

/** How far something is, on stderr: a bar with the time that is left on a terminal, else a plain line every few seconds. */
export class Progress {
  readonly #label: string
  readonly #startedMs = performance.now()
  readonly #silent: boolean
  #bar: SingleBar | undefined
  #lastLineMs = performance.now()

  constructor(label: string, options: OutputOptions) {
    this.#label = label
    this.#silent = options.json === true && !process.stderr.isTTY
    if (process.stderr.isTTY) this.#bar = startBar(label)
  }

  /** `note` stands behind the bar, such as a rate. */
  update(done: number, total: number, note = ''): void {
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const left = share > 0 && share < 1 ? `${duration((this.elapsedMs / share) * (1 - share))} left` : ''
    if (this.#bar !== undefined) {
      this.#bar.update(share, { note, left: left === '' ? '' : `  ${left}` })
      return
    }
    if (this.#silent || performance.now() - this.#lastLineMs < plainLineEveryMs) return
    this.#lastLineMs = performance.now()
    process.stderr.write(
      `${this.#label}: ${[`${Math.floor(share * 100)}%`, note, left].filter((part) => part !== '').join(', ')}\n`,
    )
  }

  stop(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs
  }
}

function startBar(label: string): SingleBar {
  const bar = new SingleBar({
    format: `${label.padEnd(10)} {bar} {percentage}%  {note}{left}`,
    barCompleteChar: '━',
    barIncompleteChar: '─',
    barsize: barWidth,
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false,
    stream: process.stderr,
  })
  bar.start(1, 0, { note: '', left: '' })
  return bar
}

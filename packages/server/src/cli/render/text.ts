import { isNumbers } from '../values.js'

const numbersShown = 4
const numbersInFull = 6

export function count(value: number): string {
  return value.toLocaleString('en')
}

/** `1 record`, `2 records`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${value === 1 ? noun : noun.endsWith('x') ? `${noun}es` : `${noun}s`}`
}

export function bytes(value: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB']
  let power = 0
  let rest = value
  while (rest >= 1000 && power < units.length - 1) {
    rest /= 1000
    power++
  }
  return `${power === 0 ? rest : rest.toPrecision(3)} ${units[power]}`
}

export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

/** A distance with the digits that tell neighbours apart. */
export function distance(value: number): string {
  return Math.abs(value) >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(5)))
}

/** A field's value on one line of at most `widthMax` characters; long vectors by their beginning and length. */
export function brief(value: unknown, widthMax: number): string {
  if (value === undefined) return ''
  if (isNumbers(value) && value.length > numbersInFull) {
    const start = Array.from(value.slice(0, numbersShown), (number) => Number(number.toPrecision(4)))
    return `[${start.join(', ')}, … ${count(value.length)} numbers]`
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return cut(text.replace(/\s+/g, ' '), widthMax)
}

export function cut(text: string, widthMax: number): string {
  return text.length <= widthMax ? text : `${text.slice(0, Math.max(0, widthMax - 1))}…`
}

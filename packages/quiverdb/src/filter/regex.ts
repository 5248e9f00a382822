import { RE2JS } from '#re2'
import { QuiverError } from '../errors.js'

/** In UTF-16 code units. */
export const patternLengthMax = 512
/** Instructions of a compiled pattern: a counted repeat takes as many as it repeats. Matching costs at most this for each character. */
export const patternSizeMax = 1_000
/** In UTF-16 code units. Of a longer text only the beginning is searched. */
export const searchedTextMax = 65_536

const flagValues: Record<string, number> = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL }

/**
 * Compiles a pattern of RE2, whose matching takes time in proportion to the text whatever the pattern.
 * @param flags of `i`, `m`, `s`
 * @returns whether the pattern is found somewhere in a text
 * @throws QuiverError INVALID_FILTER for what RE2 does not know (look-around, back references) and for patterns beyond the bounds
 */
export function compilePattern(pattern: string, flags = ''): (text: string) => boolean {
  if (pattern.length > patternLengthMax)
    throw invalid(`a pattern of ${pattern.length} characters; allowed are ${patternLengthMax}`)
  const compiled = compiledBy(pattern, flags)
  if (compiled.programSize() > patternSizeMax)
    throw invalid(`a pattern of ${compiled.programSize()} steps, counted repeats written out; allowed are ${patternSizeMax}`)
  return (text) => compiled.test(text.length > searchedTextMax ? text.slice(0, searchedTextMax) : text)
}

function compiledBy(pattern: string, flags: string): RE2JS {
  const bits = [...flags].map((flag) => flagValues[flag])
  if (bits.includes(undefined)) throw invalid(`unknown flags '${flags.slice(0, 20)}'; allowed are i, m and s`)
  try {
    return RE2JS.compile(
      pattern,
      bits.reduce((all: number, bit) => all | bit!, 0),
    )
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, reasonLengthMax) : 'unknown'
    throw invalid(`no pattern of RE2 (which has no look-around and no back references): ${reason}`, cause)
  }
}

const reasonLengthMax = 160

function invalid(problem: string, cause?: unknown): QuiverError {
  return new QuiverError('INVALID_FILTER', problem, { cause })
}

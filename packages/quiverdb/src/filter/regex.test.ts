import { describe, expect, it } from 'vitest'
import { compilePattern, patternLengthMax, patternSizeMax, searchedTextMax } from './regex.js'

describe('compilePattern', () => {
  it.each(['(?=a)', '(?!a)', '(?<=a)b', '(?<!a)b', '(a)\\1', '(?<n>a)\\k<n>', '(?>a)', 'a**', '[', '(', '(?x)a', 'x{1001}'])(
    'refuses %s',
    (pattern) => {
      expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: 'INVALID_FILTER' }))
    },
  )

  it('refuses patterns made to be large', () => {
    const large = ['(x{1000}){1000}', '((((x{30}){30}){30}){30}){30}', 'x{1000}'.repeat(70), '(?:x{999}y{999}z{999})']
    for (const pattern of large) expect(() => compilePattern(pattern), pattern).toThrow(/repeat count|steps/)
    expect(() => compilePattern('x'.repeat(patternLengthMax + 1))).toThrow(`${patternLengthMax + 1} characters`)
    expect(() => compilePattern('(?:'.repeat(130) + ')'.repeat(122))).toThrow('missing closing')
    expect(compilePattern(`x{${patternSizeMax / 2}}`)('x'.repeat(patternSizeMax / 2))).toBe(true)
    expect(() => compilePattern('x'.repeat(patternLengthMax))).not.toThrow()
  })

  it('takes no longer for patterns that make others explode', () => {
    const text = 'a'.repeat(20_000) + '!'
    for (const pattern of ['^(a+)+$', '^(a|aa)+$', '^(a|a?)+$', '^(.*a){12}$', '^(([a-z])+.)+[A-Z]([a-z])+$', '^a*a*a*a*a*a*b$'])
      expect(compilePattern(pattern)(text), pattern).toBe(false)
  })

  it('searches the beginning of a long text', () => {
    const isFound = compilePattern('b')
    expect(isFound('a'.repeat(searchedTextMax - 1) + 'b')).toBe(true)
    expect(isFound('a'.repeat(searchedTextMax) + 'b')).toBe(false)
  })

  it('reads characters, not code units', () => {
    expect(compilePattern('^.$')('\u{1f600}')).toBe(true)
    expect(compilePattern('^\\p{Lu}$')('É')).toBe(true)
    expect(compilePattern('^é$', 'i')('É')).toBe(true)
  })

  it('refuses unknown flags', () => {
    for (const flags of ['g', 'x', 'constructor']) expect(() => compilePattern('a', flags)).toThrow('unknown flags')
  })
})

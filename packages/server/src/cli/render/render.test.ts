import { describe, expect, it } from 'vitest'
import { columnsThatFit, table } from './table.js'
import { brief, bytes, counted, distance, duration } from './text.js'

describe('values on one line', () => {
  it('shows long vectors by their beginning and length', () => {
    expect(brief(Float32Array.of(0.1, 2, 3, 4, 5, 6, 7), 80)).toBe('[0.1, 2, 3, 4, … 7 numbers]')
    expect(brief([0.123456, 2], 80)).toBe('[0.123456,2]')
  })

  it('cuts long text and keeps it on one line', () => {
    expect(brief('two\n  lines', 80)).toBe('two lines')
    expect(brief('x'.repeat(50), 10)).toBe('xxxxxxxxx…')
    expect(brief({ a: null }, 80)).toBe('{"a":null}')
    expect(brief(undefined, 80)).toBe('')
  })

  it('writes amounts as people do', () => {
    expect([counted(1, 'record'), counted(1234, 'record'), counted(0, 'index')]).toEqual([
      '1 record',
      '1,234 records',
      '0 indexes',
    ])
    expect([bytes(999), bytes(1000), bytes(12_345_678)]).toEqual(['999 bytes', '1.00 KB', '12.3 MB'])
    expect([duration(12.3), duration(2500), duration(125_000)]).toEqual(['12 ms', '2.5 s', '2 min 5 s'])
    expect([distance(0.123456789), distance(1_070_766), distance(0), distance(-12.5)]).toEqual([
      '0.12346',
      '1,070,766',
      '0',
      '-12.5',
    ])
  })
})

describe('tables', () => {
  const columns = [{ title: 'id' }, { title: 'n', right: true }]

  it('are as wide as their widest cells', () => {
    expect(
      table(columns, [
        ['a', '1'],
        ['long', '1,000'],
      ]),
    ).toBe('id        n\na         1\nlong  1,000')
  })

  it('tell how many columns have room', () => {
    expect(columnsThatFit(columns, [['long', '1']], 7)).toBe(2)
    expect(columnsThatFit(columns, [['long', '1']], 6)).toBe(1)
    expect(columnsThatFit(columns, [['long', '1']], 1)).toBe(1)
  })
})

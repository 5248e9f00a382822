import { describe, expect, it } from 'vitest'
import { htmlToMarkdown } from './html-to-markdown.js'

const base = 'https://example.com/docs/page'

describe('a page as Markdown', () => {
  it('has its headings, lists and code', () => {
    const html = '<h1>Title</h1><p>One <b>two</b></p><ul><li>a</li></ul><pre><code class="language-ts">let x\n</code></pre>'
    expect(htmlToMarkdown(html, base)).toBe('# Title\n\nOne **two**\n\n-   a\n\n```ts\nlet x\n```')
  })

  it('has whole links, none of which runs code', () => {
    const html =
      '<a href="/a">A</a> <a href="b.html" title="the b">B</a> <a href="//c.example/x">C</a> <a href="javascript:alert(1)">D</a> <img src="p.png" alt="P">'
    expect(htmlToMarkdown(html, base)).toBe(
      '[A](https://example.com/a) [B](https://example.com/docs/b.html "the b") [C](https://c.example/x) D ![P](https://example.com/docs/p.png)',
    )
  })

  it('leaves out what is not read', () => {
    expect(htmlToMarkdown('<style>p{}</style><script>evil()</script><p>text</p><noscript>no</noscript>', base)).toBe('text')
  })

  it('has tables, with their alignment', () => {
    const html =
      '<table><thead><tr><th align="left">A</th><th align=right>B</th><th>C</th></tr></thead><tbody><tr><td>1 | 2</td><td>x<br>y</td><td></td></tr></tbody></table>'
    expect(htmlToMarkdown(html, base)).toBe('| A | B | C |\n| :-- | --: | --- |\n| 1 \\| 2 | x y |  |')
  })

  it('gives a table without headings empty ones', () => {
    expect(htmlToMarkdown('<table><tr><td>1</td><td>2</td></tr></table>', base)).toBe('|  |  |\n| --- | --- |\n| 1 | 2 |')
  })

  it('is refused where elements are nested without end', () => {
    expect(htmlToMarkdown(`<script>${'if (a<b) c;'.repeat(5000)}</script>text`, base)).toBe('text')
    const html = '<div>'.repeat(100_000)
    expect(() => htmlToMarkdown(html, base)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })
})

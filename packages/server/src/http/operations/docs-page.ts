import { createHash } from 'node:crypto'

const style = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1c2330; background: #fff }
h1 { font-size: 1.5rem } h2 { margin-top: 2rem; font-size: 1.15rem; text-transform: capitalize }
details { border: 1px solid #d5dbe5; border-radius: 6px; margin: .4rem 0 } summary { padding: .45rem .7rem; cursor: pointer }
summary b { display: inline-block; width: 4.2rem; color: #2457a8 } summary span { color: #5b6576 }
details > div { padding: 0 .9rem .9rem } pre, code { font: 13px/1.45 ui-monospace, monospace } pre { background: #f4f6fa; padding: .7rem; overflow: auto; border-radius: 4px }
@media (prefers-color-scheme: dark) { body { background: #12161d; color: #dde3ee } pre { background: #1b212b } details { border-color: #333d4d } summary b { color: #7fb0ff } summary span { color: #9aa6b8 } }
`

/** Draws the document that the server gives of itself. Texts are set as text, never as markup. */
const script = `
const make = (tag, text, ...children) => { const node = document.createElement(tag); if (text) node.textContent = text; node.append(...children); return node }
const shape = (schema) => make('pre', JSON.stringify(schema, null, 2))
fetch('openapi.json').then((answer) => answer.json()).then((api) => {
  const main = document.querySelector('main')
  main.append(make('h1', api.info.title + ' ' + api.info.version), make('p', api.info.description))
  const sections = new Map()
  for (const [path, methods] of Object.entries(api.paths)) for (const [method, route] of Object.entries(methods)) {
    const tag = route.tags?.[0] ?? 'other'
    if (!sections.has(tag)) { const section = make('section', '', make('h2', tag)); sections.set(tag, section); main.append(section) }
    const body = make('div', '', make('p', route.description ?? ''))
    for (const { in: place, name, required, schema, description } of route.parameters ?? [])
      body.append(make('p', '', make('code', name), place + (required ? ', required' : '') + (schema?.type ? ', ' + schema.type : '') + (description ? ': ' + description : '')))
    for (const [type, content] of Object.entries(route.requestBody?.content ?? {})) body.append(make('p', 'Body, ' + type), shape(content.schema ?? {}))
    for (const [status, answer] of Object.entries(route.responses ?? {})) for (const content of Object.values(answer.content ?? {})) if (status[0] === '2') body.append(make('p', 'Answer ' + status), shape(content.schema ?? {}))
    sections.get(tag).append(make('details', '', make('summary', '', make('b', method.toUpperCase()), make('code', path), ' ', make('span', route.summary ?? '')), body))
  }
})
`

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The page may run its own script and ask its own server, and nothing else. */
export const docsPolicy = `default-src 'none'; script-src ${sha256(script)}; style-src ${sha256(style)}; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'`

export const docsHtml = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Quiver API</title><style>${style}</style><main></main><script>${script}</script></html>
`

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Where tests find the imports of packages that begin with `#`: in the sources. Not by the condition that says so in package.json, which the
 * threads that tests start would inherit: those run what was built.
 */
export const sources: Record<string, string> = Object.fromEntries(
  ['kernel', 'quiverdb'].flatMap((name) => {
    const folder = new URL(`./packages/${name}/`, import.meta.url)
    const { imports } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as {
      imports: Record<string, { 'quiver-source'?: string }>
    }
    return Object.entries(imports).flatMap(([key, { 'quiver-source': source }]) =>
      source === undefined ? [] : [[key, fileURLToPath(new URL(source, folder))]],
    )
  }),
)

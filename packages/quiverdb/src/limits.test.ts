import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')

/** Names of constants and the files that they are said to be in, row by row. A section says in which folder, if not in that of the library. */
async function namedConstants(): Promise<{ name: string; file: string }[]> {
  const page = await readFile(join(root, 'docs/LIMITS.md'), 'utf8')
  let folder = ''
  return page.split('\n').flatMap((line) => {
    if (line.startsWith('#')) folder = 'packages/quiverdb/src'
    folder = /^Files of `(.+)`\.$/.exec(line)?.[1] ?? folder
    const cell = line.split('|').at(-2) ?? ''
    const found: { name: string; file: string }[] = []
    for (const group of cell.split(';')) {
      const names = [...group.matchAll(/`(\w+)(?:\.(\w+))?`/g)].map(([, name, member]) => member ?? name!)
      const files = [...group.matchAll(/[\w-]+(?:\/[\w-]+)*\.ts/g)].map(([file]) => file)
      for (const name of names) for (const file of files) found.push({ name, file: `${folder}/${file}` })
    }
    return found
  })
}

it('every limit that is documented is where the page says', async () => {
  const constants = await namedConstants()
  expect(constants.length).toBeGreaterThan(40)
  for (const { name, file } of constants) {
    expect(await readFile(join(root, file), 'utf8'), `${name} in ${file}`).toMatch(
      new RegExp(`(?:const|function) ${name}\\b|\\b${name}: `),
    )
  }
})

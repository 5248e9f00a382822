import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import * as vite from 'vite'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(here)
/** Packages as they would be published: what is not in their archive is not found. */
const packages = { quiverdb: 'quiverdb', '@quiverdb/kernel': 'kernel' }

/** Makes a program that has installed Quiver. What Quiver depends on is found in the folders above. */
export function makeApp() {
  const app = join(here, '.app')
  rmSync(app, { recursive: true, force: true })
  for (const [name, folder] of Object.entries(packages)) {
    const target = join(app, 'node_modules', name)
    mkdirSync(target, { recursive: true })
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', app], {
        cwd: join(root, 'packages', folder),
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
    execFileSync('tar', ['-xzf', join(app, packed.filename), '-C', target, '--strip-components=1'])
  }
  cpSync(join(here, 'pages'), join(app, 'src'), { recursive: true })
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n')
  return app
}

/** Makes a page of the examples in docs/BROWSER.md; returns its name, and what it promises to print. */
export function pageOfDocs(app) {
  const text = readFileSync(join(root, 'docs', 'BROWSER.md'), 'utf8')
  const program = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code).join('\n')
  writeFileSync(join(app, 'src', 'docs.js'), `${program}\nglobalThis.checks = {}\n`)
  return { page: 'docs', promised: [...program.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line]) => line) }
}

const html = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Quiver</title>\n'

/** A page by `esbuild --bundle`, with no further options. */
export async function bundleWithEsbuild(app, page) {
  const folder = join(app, 'esbuild', page)
  await esbuild.build({
    absWorkingDir: app,
    entryPoints: [join('src', `${page}.js`)],
    bundle: true,
    outfile: join(folder, 'page.js'),
    logLevel: 'warning',
  })
  writeFileSync(join(folder, 'index.html'), `${html}<script src="page.js"></script>\n`)
  return folder
}

/** A page by `esbuild --bundle --splitting --format=esm --minify`, as docs/BROWSER.md says; and which files it loads when. */
export async function splitWithEsbuild(app, page) {
  const folder = join(app, 'split', page)
  const { metafile } = await esbuild.build({
    ...{ absWorkingDir: app, entryPoints: [join('src', `${page}.js`)], bundle: true, logLevel: 'warning' },
    ...{ splitting: true, format: 'esm', minify: true, outdir: folder, metafile: true },
  })
  writeFileSync(join(folder, 'index.html'), `${html}<script type="module" src="${page}.js"></script>\n`)
  return { folder, atOnce: filesAtOnce(metafile).map((file) => join(app, file)) }
}

/** The files that a page needs before it runs: its own, and what they import, but for what they import when they come to it. */
function filesAtOnce({ outputs }) {
  const files = new Set()
  const add = (file) => {
    if (files.has(file)) return
    files.add(file)
    for (const { path, kind } of outputs[file].imports) if (kind === 'import-statement') add(path)
  }
  add(Object.keys(outputs).find((file) => outputs[file].entryPoint !== undefined && outputs[file].entryPoint.startsWith('src/')))
  return [...files]
}

/** A page by `vite build`, with no options but where it lies. */
export async function bundleWithVite(app, page) {
  writeFileSync(join(app, 'index.html'), `${html}<script type="module" src="/src/${page}.js"></script>\n`)
  const folder = join(app, 'vite', page)
  await vite.build({ root: app, configFile: false, logLevel: 'error', build: { outDir: folder } })
  return folder
}

/** The page as `vite` serves it while it is written. */
export async function developWithVite(app, page) {
  writeFileSync(join(app, 'index.html'), `${html}<script type="module" src="/src/${page}.js"></script>\n`)
  const server = await vite.createServer({ root: app, configFile: false, logLevel: 'error', server: { host: '127.0.0.1' } })
  await server.listen()
  return { url: server.resolvedUrls.local[0], close: () => server.close() }
}

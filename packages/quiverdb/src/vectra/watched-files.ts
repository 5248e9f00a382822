import fs from 'node:fs'
import path from 'node:path'

/** The path without links; as it is where there is nothing. */
export async function realPath(one: string): Promise<string> {
  return fs.promises.realpath(one).catch(() => path.resolve(one))
}

/** Whether a path is another one or lies below it. */
export function isBelow(one: string, folder: string): boolean {
  return one === folder || one.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
}

/**
 * The files and folders at a path and below it, each once, however links lead around.
 *
 * @param except a folder that is left out with all below it
 */
export async function treeBelow(one: string, except: string): Promise<{ files: string[]; folders: string[] }> {
  const found = { files: [] as string[], folders: [] as string[] }
  const seen = new Set<string>()
  const visit = async (at: string): Promise<void> => {
    const status = await fs.promises.stat(at).catch(() => undefined)
    if (status?.isFile()) found.files.push(at)
    if (!status?.isDirectory()) return
    const real = await realPath(at)
    if (seen.has(real) || isBelow(real, except)) return
    seen.add(real)
    found.folders.push(at)
    // A folder that is deleted meanwhile has nothing in it.
    for (const name of await fs.promises.readdir(at).catch(() => [])) await visit(path.join(at, name))
  }
  await visit(one)
  return found
}

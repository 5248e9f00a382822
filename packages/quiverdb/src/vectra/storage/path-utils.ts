const separators = /[\\/]+/

const forward = (path: string): string => path.replaceAll('\\', '/')

/** The names of a path, `.` and `..` resolved; what leads above its start is dropped. */
function namesOf(path: string): string[] {
  const names: string[] = []
  for (const name of path.split(separators)) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return names
}

/**
 * Paths of a `FileStorage`: with `/` on every system, and the same in a browser.
 *
 * @example
 * ```ts
 * pathUtils.join('my-index', 'index.json') // 'my-index/index.json'
 * ```
 */
export const pathUtils = {
  sep: '/' as const,

  /** One path of several. A part that is only slashes is left out. */
  join(...parts: string[]): string {
    return parts
      .map((part, i) => (i ? part.replace(/^[\\/]+/, '') : part).replace(/[\\/]+$/, ''))
      .filter((part) => part !== '')
      .join('/')
  },

  /** What is behind the last slash, without `ext` where it ends so. */
  basename(filePath: string, ext?: string): string {
    const name = filePath.slice(Math.max(filePath.lastIndexOf('/'), filePath.lastIndexOf('\\')) + 1)
    return ext && name.endsWith(ext) ? name.slice(0, -ext.length) : name
  },

  /** What is before the last slash; `.` where there is nothing. */
  dirname(filePath: string): string {
    const path = forward(filePath)
    return path.slice(0, Math.max(0, path.lastIndexOf('/'))) || '.'
  },

  /** The extension with its dot; empty where there is none, and for a name that only begins with a dot. */
  extname(filePath: string): string {
    const name = pathUtils.basename(filePath)
    const dot = name.lastIndexOf('.')
    return dot > 0 ? name.slice(dot) : ''
  },

  /** The shortest way to write a path. */
  normalize(filePath: string): string {
    const [drive = ''] = /^[A-Za-z]:/.exec(filePath) ?? []
    const rest = filePath.slice(drive.length)
    const names = namesOf(rest).join('/')
    if (drive) return names ? `${drive}/${names}` : drive
    return /^\//.test(rest) ? `/${names}` : names
  },

  isAbsolute(filePath: string): boolean {
    return filePath.startsWith('/') || /^[A-Za-z]:[\\/]/.test(filePath)
  },

  /** The way from one path to another. */
  relative(from: string, to: string): string {
    const here = namesOf(from)
    const there = namesOf(to)
    let shared = 0
    while (shared < here.length && here[shared] === there[shared]) shared++
    return [...here.slice(shared).map(() => '..'), ...there.slice(shared)].join('/') || '.'
  },
}

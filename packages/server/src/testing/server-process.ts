import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/quiver.js', import.meta.url))

export interface ServerProcess {
  readonly child: ChildProcess
  readonly url: string
  /** Its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>
}

/** Runs `quiver serve` over a folder, as users do. */
export async function startServer(db: string, nodeArguments: readonly string[] = []): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...nodeArguments, bin, 'serve', '--db', db, '--port', '0', '--log-level', 'error'], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /at (http:\S+),/.exec(text)
      if (found) resolve(found[1]!)
    })
    child.once('exit', () => reject(new Error(text)))
  })
  return { child, url, ended }
}

/** Bytes of the process beside the memory that is bound by `memoryBytesMax`. */
export async function memoryOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)![1])
  return value('process_resident_memory_bytes') - value('quiver_memory_bytes')
}

/** How much the least of later samples is above the least of earlier ones, as a factor. */
export function growthOf(samples: readonly number[]): number {
  const half = samples.length / 2
  return Math.min(...samples.slice(half)) / Math.min(...samples.slice(0, half))
}

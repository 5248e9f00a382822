import { spawn } from 'node:child_process'

/**
 * Runs a program that prints a line when it begins and then the number of each write that was acknowledged. It is killed `afterMs` after its first line.
 * Resolves to the last number; undefined when there was none.
 */
export function writeUntilKilled(program: readonly string[], afterMs: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let complaint = ''
    let timer: NodeJS.Timeout | undefined
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs)
    })
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    child.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the writer ended by itself: ${complaint}`))
      const lines = output.split('\n').slice(1, -1)
      resolve(lines.length === 0 ? undefined : Number(lines.at(-1)))
    })
  })
}

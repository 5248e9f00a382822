import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { temporaryBeside, writerOf } from './replace-local-file.js'

/** Who has a lock shows by the age of its file that it is alive. */
const refreshMs = 5_000
const staleMs = 30_000
const ownerlessMs = 1_000
/** Between two tries, at most. */
const pauseMsMax = 20

let locks = 0
/** Locks of files beside which this process has looked for what dead ones left. */
const tidied = new Set<string>()

/** Runs an action while no other process, and nobody else in this one, runs one for the same file. A lock whose owner has died is taken over. */
export async function withLocalLock<T>(filePath: string, action: () => Promise<T>): Promise<T> {
  const lock = path.join(path.dirname(filePath), `.${path.basename(filePath)}.lock`)
  await acquire(filePath, lock, `${process.pid} ${++locks} ${os.hostname()}`)
  const refresh = setInterval(() => {
    const now = new Date()
    void fs.utimes(lock, now, now).catch(() => {})
  }, refreshMs)
  refresh.unref()
  try {
    if (!tidied.has(lock)) await removeUnfinished(filePath)
    tidied.add(lock)
    return await action()
  } finally {
    clearInterval(refresh)
    await fs.rm(lock, { force: true })
  }
}

async function acquire(filePath: string, lock: string, owner: string): Promise<void> {
  for (;;) {
    try {
      return await fs.writeFile(lock, owner, { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await isAbandoned(lock)) await takeAway(filePath, lock)
    else await new Promise((resolve) => setTimeout(resolve, pauseMsMax * Math.random()))
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const [owner, { mtimeMs }] = await Promise.all([fs.readFile(lock, 'utf8'), fs.stat(lock)])
    // Without an owner it was made by somebody who died before the next call.
    if (Date.now() - mtimeMs > (owner ? staleMs : ownerlessMs)) return true
    const [pid, , host] = owner.split(' ')
    return host === os.hostname() && !isAlive(Number(pid))
  } catch {
    return false // it was given back meanwhile
  }
}

/** Whoever died in the middle of a save left its new file behind. */
async function removeUnfinished(filePath: string): Promise<void> {
  const folder = path.dirname(filePath)
  for (const name of await fs.readdir(folder)) {
    const pid = writerOf(name, filePath)
    if (pid !== undefined && !isAlive(pid)) await fs.rm(path.join(folder, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Of several that find a lock abandoned one gets it away; who takes away a new one by mistake puts it back. */
async function takeAway(filePath: string, lock: string): Promise<void> {
  const aside = temporaryBeside(filePath)
  try {
    await fs.rename(lock, aside)
    if (!(await isAbandoned(aside))) await fs.link(aside, lock)
  } catch {
    // Somebody else was quicker.
  }
  await fs.rm(aside, { force: true })
}

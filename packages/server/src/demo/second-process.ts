import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { count, duration } from '../cli/render/text.js'
import { fields, openDigits } from './digit-database.js'
import { readUnseen } from './digits.js'
import { labelsOf } from './gallery.js'
import { say } from './page.js'

export const secondProcessFlag = '--second-process'

/** Runs `secondProcess` in a Node process of its own. Returns whether it ended well. */
export function startSecondProcess(folder: string, version: string): boolean {
  const script = fileURLToPath(new URL('main.js', import.meta.url))
  return spawnSync(process.execPath, [script, secondProcessFlag, folder, version], { stdio: 'inherit' }).status === 0
}

/** Opens the folder that another process wrote, and looks whether all is there. */
export async function secondProcess(folder: string, version: string): Promise<void> {
  const [query] = await readUnseen()
  const started = performance.now()
  const { db, digits } = await openDigits(folder)
  const { hits } = await digits.search({ vector: query!, limit: 10, fields })
  const elapsed = performance.now() - started
  say(`Process ${process.pid} opened the folder and had its first answer after ${duration(elapsed)}:`)
  say(
    `${hits.length} neighbours of the first unseen digit, which are ${labelsOf(hits)
      .map(({ label, times }) => `${times} x ${label}`)
      .join(', ')}.`,
  )
  const before = await digits.at(version)
  say(`It sees ${count(await digits.count())} digits now, and ${count(await before.count())} at version ${version}.`)
  const { ok, objects, problems } = await db.check()
  say(
    ok
      ? `It read all ${count(objects)} objects of the database and found them whole.`
      : `It found problems: ${problems.map(({ message }) => message).join('; ')}`,
  )
  await db.close()
  if (!ok) process.exitCode = 1
}

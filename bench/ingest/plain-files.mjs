import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** The least that makes a batch durable: append to a file that is open, and fsync. */
export class PlainFile {
  #file

  /** @param {string} path */
  constructor(path) {
    this.#file = openSync(path, 'w')
  }

  /** @param {Uint8Array} bytes */
  append(bytes) {
    writeSync(this.#file, bytes)
    fsyncSync(this.#file)
  }

  close() {
    closeSync(this.#file)
  }
}

/** The least that creates a file whole, durably, and only if its name is free. */
export class PlainFolder {
  #path
  #folder

  /** @param {string} path */
  constructor(path) {
    mkdirSync(path, { recursive: true })
    this.#path = path
    this.#folder = openSync(path, 'r')
  }

  /** @param {string} name @param {Uint8Array} bytes */
  create(name, bytes) {
    const whole = join(this.#path, name)
    const file = openSync(`${whole}.part`, 'wx')
    writeSync(file, bytes)
    fsyncSync(file)
    closeSync(file)
    linkSync(`${whole}.part`, whole)
    fsyncSync(this.#folder)
  }
}

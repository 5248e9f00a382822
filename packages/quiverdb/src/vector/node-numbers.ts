/** No number: a node without a vector, or a number without a node. */
export const nowhere = 0xffffffff

/** Which number each node of a graph stands for, and back. Numbers that were released are given out again, the latest first. */
export class NodeNumbers {
  #nodes = new Uint32Array(0)
  #numbers = new Uint32Array(0)
  readonly #free: number[] = []
  #end = 0
  #size = 0
  /** Whether every node has its own number. */
  #aligned = true

  /** Numbers in use. */
  get size(): number {
    return this.#size
  }

  /** All numbers in use are below this. */
  get end(): number {
    return this.#end
  }

  /** How many numbers have been in use and are not. */
  get released(): number {
    return this.#free.length
  }

  has(number: number): boolean {
    return number < this.#end && this.#nodes[number] !== nowhere && this.#nodes[number] !== undefined
  }

  nodeOf(number: number): number {
    return this.#nodes[number] ?? nowhere
  }

  numberOf(node: number): number {
    return this.#numbers[node] ?? nowhere
  }

  /** Makes room for `numbers` numbers and `nodes` nodes. */
  reserve(numbers: number, nodes: number): void {
    this.#nodes = widened(this.#nodes, numbers)
    this.#numbers = widened(this.#numbers, nodes)
  }

  /** A number that is not in use, to be bound. */
  take(): number {
    return this.#free.pop() ?? this.#end++
  }

  /** Binds a number that was taken, or moves one to another node. */
  bind(number: number, node: number): void {
    const before = this.#nodes[number]!
    if (before === nowhere) this.#size++
    else this.#numbers[before] = nowhere
    this.#nodes[number] = node
    this.#numbers[node] = number
    if (number !== node) this.#aligned = false
  }

  release(number: number): void {
    this.#numbers[this.#nodes[number]!] = nowhere
    this.#nodes[number] = nowhere
    this.#free.push(number)
    this.#size--
    if (!this.#size) this.#reset()
  }

  /** The numbers in use, ascending. */
  list(): Uint32Array<ArrayBuffer> {
    const numbers = new Uint32Array(this.#size)
    let count = 0
    for (let number = 0; number < this.#end; number++) if (this.#nodes[number] !== nowhere) numbers[count++] = number
    return numbers
  }

  /** The nodes below `end` whose numbers are in use, and in the bitset if there is one: a bitset over nodes. */
  toNodes(end: number, allowed?: Uint32Array): Uint32Array {
    if (allowed && this.#aligned && this.#size === this.#end) return allowed
    const bits = new Uint32Array(Math.ceil(end / 32))
    const numbers = this.#numbers
    for (let node = 0; node < end; node++) {
      const number = numbers[node]!
      if (number === nowhere) continue
      if (!allowed || (allowed[number >>> 5]! >>> (number & 31)) & 1) bits[node >>> 5]! |= 1 << (node & 31)
    }
    return bits
  }

  /** Takes all numbers from their nodes; they stay in use, and are to be bound again. */
  unbind(): void {
    this.#nodes.fill(nowhere)
    this.#numbers.fill(nowhere)
    this.#size = 0
    this.#aligned = true
  }

  /** Forgets all numbers. */
  clear(): void {
    this.unbind()
    this.#reset()
  }

  #reset(): void {
    this.#free.length = 0
    this.#end = 0
    this.#aligned = true
  }
}

function widened(present: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (present.length >= length) return present
  const wider = new Uint32Array(Math.max(length, Math.ceil(1.25 * present.length))).fill(nowhere)
  wider.set(present)
  return wider
}

import { expect } from 'vitest'
import { randomSource } from '@quiverdb/testing'
import type { StoreConversation, StoreRequest } from '../history/protocol.js'
import { answer, collecting, SimulatedStore, SimulatedWriter, type SimulatedFault } from './simulated-log.js'

interface Actor {
  conversation: StoreConversation<void> | undefined
  request: StoreRequest | undefined
  /** Sleeps until then: a process that was stopped in the middle of a commit. */
  asleepUntil: number
  begin(): StoreConversation<void>
  failed(): void
}

const faults: readonly SimulatedFault[] = ['before', 'lost', 'after', 'late', 'repeated']

/** Runs writers and a collector step by step, in an order and with faults that are the same for the same seed. */
function simulate(seed: number, { writers, steps }: { writers: number; steps: number }) {
  const random = randomSource(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const faultRate = random() * 0.3
  const store = new SimulatedStore()
  const machines = Array.from({ length: writers }, (_, number) => new SimulatedWriter(store, `w${number}`))
  let writes = 0
  const actors: Actor[] = machines.map((machine) => ({
    conversation: undefined,
    request: undefined,
    asleepUntil: 0,
    begin: () => machine.turn(random() < 0.8 ? `write ${writes++}` : undefined),
    failed: () => machine.fail(),
  }))
  actors.push({
    conversation: undefined,
    request: undefined,
    asleepUntil: 0,
    begin: () => collecting(store),
    failed: () => undefined,
  })
  for (let step = 0; step < steps; step++) {
    store.clock++
    if (store.late.length > 0 && random() < 0.05) store.carryOut(store.late.splice(below(store.late.length), 1)[0]!)
    const actor = actors[below(actors.length)]!
    if (store.clock < actor.asleepUntil) continue
    if (random() < 0.02) actor.asleepUntil = store.clock + below(300)
    advance(store, actor, random() < faultRate ? faults[below(faults.length)]! : 'none')
  }
  for (const request of store.late.splice(0)) store.carryOut(request)
  for (const actor of actors) while (actor.conversation) advance(store, actor, 'none')
  return {
    acknowledged: machines.flatMap((machine) => machine.acknowledged),
    unknown: machines.flatMap((machine) => machine.unknown),
    failed: machines.flatMap((machine) => machine.failed),
    log: store.log.flatMap((entry) => entry.writes),
    chains: machines.map((machine) => machine.writes),
  }
}

function advance(store: SimulatedStore, actor: Actor, fault: SimulatedFault): void {
  try {
    let step: IteratorResult<StoreRequest, void>
    if (actor.conversation) step = answer(store, actor.conversation, actor.request!, fault)
    else step = (actor.conversation = actor.begin()).next()
    actor.request = step.done ? undefined : step.value
    if (step.done) actor.conversation = undefined
  } catch (error) {
    actor.conversation = undefined
    if (!(error instanceof Error) || !error.message.startsWith('injected')) throw error
    actor.failed()
  }
}

/** What must hold at the end of every run; a failure names its seed. */
export function expectOrderly(seed: number, options: { writers: number; steps: number }): void {
  const { acknowledged, unknown, failed, log, chains } = simulate(seed, options)
  const times = new Map<string, number>()
  for (const write of log) times.set(write, (times.get(write) ?? 0) + 1)
  for (const write of acknowledged) expect(times.get(write), `seed ${seed}: acknowledged ${write}`).toBe(1)
  for (const write of unknown) expect(times.get(write) ?? 0, `seed ${seed}: unknown ${write}`).toBeLessThanOrEqual(1)
  for (const write of failed) expect(times.get(write), `seed ${seed}: failed ${write}`).toBeUndefined()
  for (const chain of chains) expect(chain, `seed ${seed}`).toEqual(log.slice(0, chain.length))
}

/**
 * The migration thread: it looks every `sleepNs` whether pages are ready, orders all of them, and stops when the second's budget
 * is spent. It sleeps on while nothing is ready, and to the next second once the budget is spent (its looks in between
 * would order nothing).
 *
 * Left out: the adaptive threshold and the bypass of rate limit and threshold while the target has plenty of free memory.
 */
import { createActor, setup, type Actor } from 'xstate'
import { NEVER, NS_PER_S, nextOnGrid, quantumAt, type Quantum } from '#shared/time.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import type { PromoterSpec } from './spec.ts'

const kmigratedMachine = setup({
  types: { events: {} as { type: 'READY' } | { type: 'DONE' } | { type: 'LIMITED' } },
}).createMachine({
  id: 'kmigrated',
  initial: 'idle',
  states: {
    /** Nothing is ready. */
    idle: { on: { READY: 'napping' } },
    /** Something is ready; it looks when its nap is over. */
    napping: { on: { DONE: 'idle', LIMITED: 'throttled' } },
    /** The budget of this second is spent and pages are left over. */
    throttled: { on: { DONE: 'idle', LIMITED: 'throttled' } },
  },
})

export class Kmigrated {
  wakeAt: Quantum = NEVER
  private readonly quantumNs: number
  private readonly sleepNs: number
  private readonly budgetPages: number
  private second = -1
  private spentPages = 0
  private machine = createActor(kmigratedMachine).start()

  constructor(spec: Pick<PromoterSpec, 'quantumNs' | 'sleepNs' | 'rateLimitBytesPerSecond'>) {
    this.quantumNs = spec.quantumNs
    this.sleepNs = spec.sleepNs
    // Less than a page a second would never move anything.
    this.budgetPages = Math.max(1, Math.floor(spec.rateLimitBytesPerSecond / PAGE_BYTES))
  }

  /** Pages are ready: naps until its next look, unless it does already. */
  notice(now: Quantum): void {
    if (this.machine.getSnapshot().value !== 'idle') return
    this.machine.send({ type: 'READY' })
    this.wakeAt = nextOnGrid(now, this.sleepNs, this.quantumNs)
  }

  /** Pages that may still be ordered in this second. */
  budget(now: Quantum): number {
    const second = Math.floor((now * this.quantumNs) / NS_PER_S)
    if (second !== this.second) {
      this.second = second
      this.spentPages = 0
    }
    return this.budgetPages - this.spentPages
  }

  /** It has ordered `pages`; `left` were ready beyond the budget. */
  worked(now: Quantum, pages: number, left: number): void {
    this.spentPages += pages
    this.machine.send({ type: left > 0 ? 'LIMITED' : 'DONE' })
    this.wakeAt = left > 0 ? this.firstLookOf(this.second + 1, now) : NEVER
  }

  snapshot() {
    const { wakeAt, second, spentPages } = this
    return { wakeAt, second, spentPages, life: structuredClone(this.machine.getPersistedSnapshot()) }
  }

  restore(from: ReturnType<Kmigrated['snapshot']>): void {
    this.wakeAt = from.wakeAt
    this.second = from.second
    this.spentPages = from.spentPages
    this.machine.stop()
    this.machine = createActor(kmigratedMachine, {
      snapshot: structuredClone<ReturnType<Actor<typeof kmigratedMachine>['getPersistedSnapshot']>>(from.life),
    }).start()
  }

  /** The first point of the sleep grid that lies in a second. */
  private firstLookOf(second: number, now: Quantum): Quantum {
    const look = Math.ceil((second * NS_PER_S) / this.sleepNs) * this.sleepNs
    return Math.max(now + 1, quantumAt(look, this.quantumNs))
  }
}

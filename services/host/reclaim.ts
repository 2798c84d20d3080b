/** The life of a kswapd: asleep until woken, then reclaiming until its node is balanced again. One a memory node. */
import { createActor, setup } from 'xstate'

const reclaimMachine = setup({
  types: { events: {} as { type: 'WAKE' } | { type: 'BALANCED' } },
}).createMachine({
  id: 'kswapd',
  initial: 'asleep',
  states: {
    /** Free memory is above the low watermark, or nobody has said otherwise. */
    asleep: { on: { WAKE: 'reclaiming' } },
    /** Until the high watermark (promo while promotion is on), or until the pressure on a pooled node is gone. */
    reclaiming: { on: { BALANCED: 'asleep' } },
  },
})

type ReclaimState = 'asleep' | 'reclaiming'

export class Kswapd {
  #actor = createActor(reclaimMachine).start()
  /** Kernel time it may still spend; below zero after a walk that took longer than a quantum. */
  budgetNs = 0

  get active(): boolean {
    return this.#actor.getSnapshot().value === 'reclaiming'
  }

  wake(): void {
    if (!this.active) this.#actor.send({ type: 'WAKE' })
  }

  sleep(): void {
    if (this.active) this.#actor.send({ type: 'BALANCED' })
    this.budgetNs = Math.min(this.budgetNs, 0)
  }

  snapshot(): Record<string, unknown> {
    return { state: this.#actor.getSnapshot().value, budgetNs: this.budgetNs }
  }

  restore(from: Record<string, unknown>): void {
    this.#actor = createActor(reclaimMachine, {
      snapshot: reclaimMachine.resolveState({ value: from['state'] as ReclaimState }),
    }).start()
    this.budgetNs = from['budgetNs'] as number
  }
}

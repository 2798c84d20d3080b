/**
 * The capacity interrupt: raised when the remaining physical capacity falls below the low threshold, taken back when it
 * rises above the high one. What lies between changes nothing, so a device that hovers does not flood its hosts.
 */
import { createActor, setup, type Actor } from 'xstate'

/** P: FACTS 3, sample driver: low-capacity interrupt → 1000, high-capacity interrupt → 0. */
export const PRESSED_LEVEL = 1000

const capacityMachine = setup({
  types: { events: {} as { type: 'LOW' } | { type: 'HIGH' } },
}).createMachine({
  id: 'capacity',
  initial: 'at-ease',
  states: {
    'at-ease': { on: { LOW: 'pressed' } },
    pressed: { on: { HIGH: 'at-ease' } },
  },
})

export class Capacity {
  private readonly lowBytes: number
  private readonly highBytes: number
  private machine: Actor<typeof capacityMachine>

  constructor(physicalBytes: number, lowFraction: number, highFraction: number) {
    this.lowBytes = physicalBytes * lowFraction
    this.highBytes = physicalBytes * highFraction
    this.machine = createActor(capacityMachine).start()
  }

  /** Pressure as the hosts are told, 0 to 1000. */
  get level(): number {
    return this.machine.getSnapshot().value === 'pressed' ? PRESSED_LEVEL : 0
  }

  /** With so much remaining the interrupt is not raised. */
  atEase(remainingBytes: number): boolean {
    return remainingBytes >= this.lowBytes
  }

  /** Looks at the register; true if a threshold was crossed, which is an interrupt. */
  crossed(remainingBytes: number): boolean {
    const pressed = this.level > 0
    if (!pressed && remainingBytes < this.lowBytes) this.machine.send({ type: 'LOW' })
    else if (pressed && remainingBytes > this.highBytes) this.machine.send({ type: 'HIGH' })
    else return false
    return true
  }

  snapshot(): unknown {
    return structuredClone(this.machine.getPersistedSnapshot())
  }

  restore(from: unknown): void {
    this.machine.stop()
    this.machine = createActor(capacityMachine, {
      snapshot: structuredClone(from) as ReturnType<Actor<typeof capacityMachine>['getPersistedSnapshot']>,
    }).start()
  }
}

/** The bus inside one process: nothing is encoded, bags are handed over by reference. */
import { assert } from '../errors.ts'
import type { Bag, Bus, Grant, Report, StageHandler, StageId } from './bus.ts'

export class MemoryBus implements Bus {
  readonly name = 'memory'
  /** In the order of the stages, whatever the order in which they joined. */
  #handlers = new Map<StageId, StageHandler>()
  #waiting = new Map<StageId, Bag[]>()
  readonly #carry: (bag: Bag) => Bag

  /** `carry` may pass each bag through something on its way, such as the codec in tests. */
  constructor(carry: (bag: Bag) => Bag = (bag) => bag) {
    this.#carry = carry
  }

  join(stage: StageId, handler: StageHandler): Promise<void> {
    assert(!this.#handlers.has(stage), `stage ${stage} joins once`)
    this.#handlers = new Map([...this.#handlers, [stage, handler] as const].toSorted(([x], [y]) => x - y))
    return Promise.resolve()
  }

  grant(grant: Grant): Promise<readonly Report[]> {
    const inboxes = this.#waiting
    if (!grant.final) this.#waiting = new Map()
    const reports: Report[] = []
    for (const [stage, handler] of this.#handlers) {
      const { bags, report } = handler.step(grant, grant.final ? [] : (inboxes.get(stage) ?? []))
      reports.push(report)
      for (const bag of bags) this.#put(this.#carry(bag))
    }
    return Promise.resolve(reports)
  }

  close(): Promise<void> {
    this.#handlers.clear()
    this.#waiting.clear()
    return Promise.resolve()
  }

  #put(bag: Bag): void {
    assert(this.#handlers.has(bag.to), `a bag is addressed to stage ${bag.to}, which has joined`)
    const waiting = this.#waiting.get(bag.to)
    if (waiting) waiting.push(bag)
    else this.#waiting.set(bag.to, [bag])
  }
}

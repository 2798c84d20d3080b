/**
 * Who allocates where on a host with devices: the workloads' anonymous pages, the page cache, the kernel's own. What the
 * isolation policy does not keep off a device lands there without a question, and the device learns of it by its stores.
 * A leaked anonymous page is an ordinary pooled page afterwards.
 *
 * Left out: swapped pages come back to DRAM whatever the zonelist says. Promoted ones do so in a kernel too.
 */
import type { Ordinal, Outbox } from '#shared/actor.ts'
import { hashUnit, type Key } from '#shared/random.ts'
import { NEVER, quantumAt, type Quantum } from '#shared/time.ts'
import type { Resident } from '../resident.ts'
import type { Watermarks } from '../watermarks.ts'
import { CGROUPS, DRAM_NAME, ROOT, SYSTEM, WORKLOADS } from './cgroups.ts'
import { DELIBERATE, type LeakCause } from './origins.ts'
import { Placement } from './placement.ts'
import { Rules } from './policy.ts'
import { SystemMemory, type SystemParts } from './system-memory.ts'

export interface IsolationParts extends SystemParts {
  readonly quantumNs: number
  readonly watermarkScaleFactor: number
  readonly residents: readonly Resident[]
  readonly marks: Watermarks
  /** What a workload's page holds at first. */
  readonly contentKey: Key
  /** A workload's page begins its life on a device. */
  readonly landed: (page: number) => void
}

const CAUSE_OF_CGROUP: Readonly<Record<number, LeakCause>> = {
  [ROOT]: 'rootTask',
  [SYSTEM]: 'systemService',
  [WORKLOADS]: 'workload',
}

export class Isolation {
  readonly system: SystemMemory
  readonly #parts: IsolationParts
  readonly #rules: Rules
  readonly #placement: Placement
  /** Changes of `cpuset.mems` that have taken effect. */
  #changed = 0

  constructor(parts: IsolationParts) {
    const { spec, memory, links, marks, watermarkScaleFactor } = parts
    this.#parts = parts
    this.#rules = new Rules(spec.policy, links.length, spec.mems, spec.demotionHonoursMems)
    this.#placement = new Placement(memory, links, marks, watermarkScaleFactor)
    this.system = new SystemMemory(parts, this.#rules, this.#placement, (cgroup) => this.#causeOf(cgroup))
  }

  /** Reclaim can swap out from the devices. */
  get reclaimed(): boolean {
    return this.#rules.traits.reclaimed
  }

  nextWake(now: Quantum): Quantum {
    const change = this.#parts.spec.changes[this.#changed]
    return change === undefined ? NEVER : Math.max(now + 1, quantumAt(change.atNs, this.#parts.quantumNs))
  }

  /** The devices that a workload's page may be demoted to, bit d for the d-th. */
  targets(page: number): number {
    const { memory, residents } = this.#parts
    return this.#rules.demotion(this.#task(residents[memory.ownerOf(page)]!.ordinal).cgroup) >> 1
  }

  /** Somebody writes `cpuset.mems`. */
  change(nowNs: number, out: Outbox): void {
    const { spec, links } = this.#parts
    const { changes } = spec
    const names = [DRAM_NAME, ...links.map((link) => link.spec.id)]
    for (; this.#changed < changes.length && changes[this.#changed]!.atNs <= nowNs; this.#changed++) {
      const { cgroup, mems } = changes[this.#changed]!
      this.#rules.change(cgroup, mems)
      out.event('mems-changed', { cgroup: CGROUPS[cgroup]!, mems: names.filter((_, node) => (mems & (1 << node)) !== 0).join() })
    }
  }

  /** A workload touches `want` pages from `first` on for the first time, in order; returns how many found a place. */
  populate(resident: Resident, first: number, want: number): number {
    const { memory } = this.#parts
    const { cgroup, deliberatePages } = this.#task(resident.ordinal)
    const end = first + want
    const onPurpose = Math.min(end, resident.base + deliberatePages)
    let page = first
    while (page < onPurpose && this.#takeOnPurpose(page, resident.work)) page++
    this.#placement.place(
      this.#rules.task(cgroup),
      end - page,
      'anon',
      this.#causeOf(cgroup),
      () => memory.allocate(page++, resident.work),
      (device, origin) => this.#land(page++, device, resident.work, origin),
    )
    return page - first
  }

  tell(out: Outbox): void {
    this.#placement.tell(out)
  }

  /** Its driver knows the memory: it takes none while a device's interrupt is up. False if it takes none. */
  #takeOnPurpose(page: number, now: number): boolean {
    const device = this.#placement.atEase()
    if (device < 0) return false
    this.#land(page, device, now, DELIBERATE)
    return true
  }

  #land(page: number, device: number, now: number, origin: number): void {
    const { memory, links, contentKey, landed } = this.#parts
    const { stored } = memory.classes[memory.table.klass[page]!]!
    const size = stored.draw(hashUnit(contentKey, page, 0))
    memory.land(page, device, size, now, origin)
    links[device]!.land(page, size)
    landed(page)
  }

  #task(ordinal: Ordinal): { readonly cgroup: number; readonly deliberatePages: number } {
    return this.#parts.spec.tasks.get(ordinal) ?? { cgroup: WORKLOADS, deliberatePages: 0 }
  }

  #causeOf(cgroup: number): LeakCause {
    return this.#rules.bound(cgroup) ? 'rebind' : CAUSE_OF_CGROUP[cgroup]!
  }

  snapshot(): Record<string, unknown> {
    return {
      rules: this.#rules.snapshot(),
      system: this.system.snapshot(),
      changed: this.#changed,
      told: this.#placement.snapshot(),
    }
  }

  restore(from: Record<string, unknown>): void {
    this.#rules.restore(from['rules'] as Record<string, unknown>)
    this.system.restore(from['system'] as Record<string, unknown>)
    this.#changed = from['changed'] as number
    this.#placement.restore(from['told'] as number[])
  }
}

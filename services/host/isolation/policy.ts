/**
 * The isolation policies: what each says about a device's node, and so where each allocator may allocate. Pure; what is
 * counted and moved is isolation.ts's.
 */
import { allNodes, Cgroups, DRAM, ROOT, WORKLOADS } from './cgroups.ts'
import { boundTo, rebind, type Mempolicy } from './mempolicy.ts'

export const POLICIES = [
  'none',
  'mempolicy',
  'cpuset',
  'zone-movable',
  'zone-device',
  'private-node',
  'dedicated-driver',
] as const
export type Policy = (typeof POLICIES)[number]

export interface Traits {
  /** The node is in the fallback lists of movable user allocations, anonymous and page cache, and in cpusets … */
  readonly user: boolean
  /** … and in those of the kernel's own, which never move. */
  readonly kernel: boolean
  /** The workloads' tasks bind themselves to DRAM. */
  readonly binds: boolean
  /** The node has an LRU: reclaim can swap out from it. */
  readonly reclaimed: boolean
}

const ORDINARY: Traits = { user: true, kernel: true, binds: false, reclaimed: true }
/** In no fallback list (P: N_MEMORY_PRIVATE): nothing but an explicit demotion, or its own driver, reaches it. */
const APART: Traits = { user: false, kernel: false, binds: false, reclaimed: true }

export const TRAITS: Readonly<Record<Policy, Traits>> = {
  none: ORDINARY,
  mempolicy: { ...ORDINARY, binds: true },
  cpuset: ORDINARY,
  'zone-movable': { ...ORDINARY, kernel: false },
  'zone-device': { ...APART, reclaimed: false },
  'private-node': APART,
  'dedicated-driver': APART,
}

/** What decides for all allocators of a host; changes only when a cgroup's nodes do. */
export class Rules {
  readonly traits: Traits
  readonly #nodes: number
  readonly #cgroups: Cgroups
  readonly #demotionHonoursMems: boolean
  /** Of the workloads' tasks, if they are bound. */
  #bound: Mempolicy | undefined

  constructor(policy: Policy, devices: number, mems: readonly number[], demotionHonoursMems: boolean) {
    this.traits = TRAITS[policy]
    this.#nodes = allNodes(devices)
    this.#cgroups = new Cgroups(mems)
    this.#demotionHonoursMems = demotionHonoursMems
    const inside = this.#cgroups.effective(WORKLOADS)
    // P: set_mempolicy fails where none of the nodes lies in the cpuset.
    if (this.traits.binds && (inside & DRAM) !== 0) this.#bound = { nodes: DRAM, mems: inside }
  }

  /** The nodes that a task of the cgroup may allocate on. */
  task(cgroup: number): number {
    if (!this.traits.user) return DRAM
    const mems = this.#cgroups.effective(cgroup)
    return cgroup === WORKLOADS && this.#bound ? boundTo(this.#bound, mems) : mems
  }

  /** P: kernel threads live in the root cgroup, and GFP_KERNEL may use what the nearest hard-walled ancestor has: the root. */
  kernelThread(): number {
    return this.traits.kernel ? this.#cgroups.effective(ROOT) : DRAM
  }

  /** P: no cpuset and no policy holds in an interrupt. */
  interrupt(): number {
    return this.traits.kernel ? this.#nodes : DRAM
  }

  /** Whether the workloads' tasks stand where they are because their policy was rebound. */
  bound(cgroup: number): boolean {
    return cgroup === WORKLOADS && this.#bound !== undefined
  }

  /**
   * The nodes that a page of the cgroup may be demoted to. P: up to 6.15 any; later kernels look for a target among the
   * effective nodes of the cgroup that the page is charged to. A node apart is in no cpuset.
   */
  demotion(cgroup: number): number {
    if (!this.traits.user || !this.#demotionHonoursMems) return this.#nodes & ~DRAM
    return this.#cgroups.effective(cgroup) & ~DRAM
  }

  /** Somebody writes `cpuset.mems` of a cgroup; the policies of tasks whose nodes change by that are rebound. */
  change(cgroup: number, mems: number): void {
    const before = this.#cgroups.effective(WORKLOADS)
    this.#cgroups.write(cgroup, mems)
    const after = this.#cgroups.effective(WORKLOADS)
    if (this.#bound && after !== before) this.#bound = rebind(this.#bound, after)
  }

  snapshot(): Record<string, unknown> {
    return { mems: this.#cgroups.snapshot(), bound: this.#bound === undefined ? null : { ...this.#bound } }
  }

  restore(from: Record<string, unknown>): void {
    this.#cgroups.restore(from['mems'] as number[])
    this.#bound = (from['bound'] as Mempolicy | null) ?? undefined
  }
}

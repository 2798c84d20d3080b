/**
 * The cgroup tree of a host and its `mems_allowed`: root, and below it the system's services and the workloads. Masks hold a
 * bit for each memory node: bit 0 is DRAM, bit 1 + d the host's d-th device.
 *
 * Left out: deeper trees, cpuset partitions, and the migration of a cgroup's pages when its nodes change.
 */

export const CGROUPS = ['root', 'system', 'workloads'] as const
export const ROOT = 0
export const SYSTEM = 1
export const WORKLOADS = 2

export const DRAM_NODE = 0
/** As a list of nodes has it. */
export const DRAM_NAME = 'dram'
export const DRAM = 1 << DRAM_NODE

export function nodeOf(device: number): number {
  return device + 1
}

/** All nodes of a host with so many devices. */
export function allNodes(devices: number): number {
  return (1 << (devices + 1)) - 1
}

export class Cgroups {
  /** `cpuset.mems` as written, one a cgroup. */
  readonly #asked: number[]

  /** `asked`: a mask for each of CGROUPS, the root's not empty. */
  constructor(asked: readonly number[]) {
    this.#asked = [...asked]
  }

  write(cgroup: number, mems: number): void {
    this.#asked[cgroup] = mems
  }

  /**
   * `cpuset.mems.effective`: what the cgroup asks for of what its parent has; all that its parent has if nothing is left of
   * that (P: cgroup-v2.rst).
   */
  effective(cgroup: number): number {
    const parent = this.#asked[ROOT]!
    return cgroup === ROOT ? parent : this.#asked[cgroup]! & parent || parent
  }

  snapshot(): number[] {
    return [...this.#asked]
  }

  restore(from: readonly number[]): void {
    this.#asked.splice(0, this.#asked.length, ...from)
  }
}

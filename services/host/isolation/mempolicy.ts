/**
 * A task's MPOL_BIND policy, and what becomes of it when its cgroup's nodes change. Left out: the other modes, per-VMA policies,
 * and the flags MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES.
 */

export interface Mempolicy {
  readonly nodes: number
  /** The nodes of the cgroup that `nodes` were last chosen within. */
  readonly mems: number
}

/** Where the bound task may allocate within its cgroup. P: a policy that shares no node with the cpuset is passed over. */
export function boundTo({ nodes }: Mempolicy, mems: number): number {
  return nodes & mems || mems
}

/**
 * The nth node that the cgroup had becomes the nth that it has (P: mpol_rebind_nodemask, nodes_remap), so a policy says where the
 * task stands in its cpuset rather than which memory it wants: closer to a suggestion.
 */
export function rebind({ nodes, mems: before }: Mempolicy, mems: number): Mempolicy {
  const targets = bitsOf(mems)
  let remapped = 0
  bitsOf(before).forEach((node, n) => {
    if ((nodes & (1 << node)) !== 0) remapped |= 1 << targets[n % targets.length]!
  })
  // A node outside of the old set keeps its place.
  remapped |= nodes & ~before
  return { nodes: remapped & mems || mems, mems }
}

function bitsOf(mask: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (mask & (1 << bit)) !== 0)
}

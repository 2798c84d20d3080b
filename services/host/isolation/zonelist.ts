/**
 * Where an allocation falls: the kernel's walk along a zonelist, the nearest node first. One zone a node. Left out:
 * fragmentation, lowmem reserves, node_reclaim_mode, the reserves of atomic allocations.
 */

/** The nodes in order of distance: DRAM, then the devices in the host's order. Pages. */
export interface Rooms {
  readonly free: Float64Array
  readonly low: Float64Array
  readonly min: Float64Array
}

export function roomsOf(nodes: number): Rooms {
  return { free: new Float64Array(nodes), low: new Float64Array(nodes), min: new Float64Array(nodes) }
}

/**
 * Deals `want` pages out to the allowed nodes, as counts in `into`; returns how many found a place. First down to each node's
 * low watermark: a distant node with room is taken before a near one is reclaimed. Only when all are down there, to the min
 * watermark, which wakes kswapd (R: get_page_from_freelist with ALLOC_WMARK_LOW, then the slow path with ALLOC_WMARK_MIN).
 */
export function deal(allowed: number, want: number, { free, low, min }: Rooms, into: Float64Array): number {
  into.fill(0)
  let left = want
  for (const mark of [low, min]) {
    for (let node = 0; node < into.length && left > 0; node++) {
      if ((allowed & (1 << node)) === 0) continue
      const taken = Math.max(0, Math.min(left, free[node]! - into[node]! - mark[node]!))
      into[node]! += taken
      left -= taken
    }
  }
  return want - left
}

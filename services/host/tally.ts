/** What a host counts over its run, under the verdict's own names. */
export interface Tally {
  allocated: number
  demoted: number
  refused: number
  refusedProactive: number
  promoted: number
  declined: number
  swappedOut: number
  swappedOutPooled: number
  swappedIn: number
  writeFaults: number
  hintFaults: number
  oomKills: number
  poisonHits: number
  directReclaimStallNs: number
  kernelNs: number
  agings: number
}

export function emptyTally(): Tally {
  return {
    allocated: 0,
    demoted: 0,
    refused: 0,
    refusedProactive: 0,
    promoted: 0,
    declined: 0,
    swappedOut: 0,
    swappedOutPooled: 0,
    swappedIn: 0,
    writeFaults: 0,
    hintFaults: 0,
    oomKills: 0,
    poisonHits: 0,
    directReclaimStallNs: 0,
    kernelNs: 0,
    agings: 0,
  }
}

/** How far a run may be from what it must meet: the one table. Each is a fraction unless its name says otherwise. */
export const TOLERANCES = {
  /** FACTS 9: crossing time of the race, beside one quantum. */
  race: 0.02,
  /** FACTS 8: stored bytes of a measured profile against its own mean. */
  storedRatio: 0.01,
  /** FACTS 6: a measured point of the load-latency curve, in ns. */
  curveNs: 1e-6,
  /** Little's law: threads that wait, against throughput times wait. */
  little: 0.02,
  /** An overloaded engine: served against what it can serve. */
  overload: 0.1,
  /** Miss ratio of a trace in DRAM and swap, against Che's approximation of LRU. */
  missRatio: 0.02,
  /** A verdict's main figure from 0.5 to 2 ms of quantum. */
  quantumDrift: 0.05,
} as const

/** Virtual time. It runs in whole quanta; nothing in a model ever reads a clock. */

/** Index of a quantum since the run's start. Infinity stands for "never". */
export type Quantum = number

export const NEVER: Quantum = Infinity

export const NS_PER_US = 1_000
export const NS_PER_MS = 1_000_000
export const NS_PER_S = 1_000_000_000

/** The first quantum that starts at or after `timeNs`. */
export function quantumAt(timeNs: number, quantumNs: number): Quantum {
  return Math.ceil(timeNs / quantumNs)
}

/** The next quantum after `now` on the grid 0, everyNs, 2·everyNs, … (at least one quantum ahead). */
export function nextOnGrid(now: Quantum, everyNs: number, quantumNs: number): Quantum {
  const index = Math.floor((now * quantumNs) / everyNs) + 1
  return Math.max(now + 1, quantumAt(index * everyNs, quantumNs))
}

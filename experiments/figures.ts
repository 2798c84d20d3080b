/** Figures of a verdict as experiments measure them. */
import type { Figures, Verdict } from '#simulation/verdict.ts'

/** A figure by its dotted path, as `hosts.host-1.leaked.anon`; it must be there. */
export function figure(verdict: Verdict, path: string): number {
  let at: unknown = verdict
  for (const part of path.split('.')) at = (at as Figures | undefined)?.[part]
  if (typeof at !== 'number') throw new Error(`the verdict has no figure ${path}`)
  return at
}

/** Of a host's workloads, in percent of what they would have taken with all memory in DRAM. */
export function lostPercent(verdict: Verdict, host: string): number {
  return (figure(verdict, `hosts.${host}.slowdown`) - 1) * 100
}

/** Over all devices. */
export function poisonedPages(verdict: Verdict): number {
  return Object.keys(verdict.devices).reduce((sum, id) => sum + figure(verdict, `devices.${id}.poisonedPages`), 0)
}

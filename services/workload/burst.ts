/**
 * A Zipf service under bursts of demand: calm at first, and for the last stretch of every period at another rate. Bursts
 * come by virtual time (customers do not wait for a slow host), so workloads on different hosts can burst together.
 * Left out: a backlog; what a slowed workload does not do in its burst is not made up for.
 */
import type { Behaviour } from './behaviour.ts'
import { profileOfClasses, type Footprint } from './profile.ts'
import { zipfClasses } from './zipf.ts'

export interface BurstKind {
  readonly name: 'burst'
  readonly accessesPerSecond: number
  /** In a burst. */
  readonly burstAccessesPerSecond: number
  readonly writeShare: number
  readonly skew: number
  /** From the start of one burst to the next, and a burst's length. */
  readonly periodNs: number
  readonly lengthNs: number
}

export function burst(footprint: Footprint, kind: BurstKind): Behaviour {
  const profileAt = (accessesPerSecond: number) =>
    profileOfClasses(footprint, zipfClasses(footprint.pages, { accessesPerSecond, skew: kind.skew }), kind.writeShare)
  const calm = profileAt(kind.accessesPerSecond)
  const loud = profileAt(kind.burstAccessesPerSecond)
  const calmNs = kind.periodNs - kind.lengthNs
  // Even acts are calm, odd ones are bursts.
  const act = (ns: number): number => {
    const period = Math.floor(ns / kind.periodNs)
    return 2 * period + Number(ns - period * kind.periodNs >= calmNs)
  }
  const startNs = (n: number): number => Math.floor(n / 2) * kind.periodNs + (n % 2) * calmNs
  return {
    act: ({ sinceStartNs }) => act(sinceStartNs),
    profile: (n) => (n % 2 === 0 ? calm : loud),
    announce: (n) => (n % 2 === 0 ? undefined : { code: 'burst', fields: { accessesPerSecond: kind.burstAccessesPerSecond } }),
    nextActNs: (sinceStartNs) => startNs(act(sinceStartNs) + 1),
    finished: () => false,
  }
}

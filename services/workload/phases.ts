/**
 * A working set that moves: a share of the pages is hot, and after each period of work time the next share is. With a
 * share of 1/n the set comes round after n periods. Left out: a gradual transition; the set moves as a whole.
 */
import type { Behaviour } from './behaviour.ts'
import { profileOfClasses, type Footprint, type RateClass } from './profile.ts'

export interface PhasesKind {
  readonly name: 'phases'
  readonly accessesPerSecond: number
  readonly writeShare: number
  /** Share of the pages that is hot, and share of the accesses that they get. */
  readonly hotPages: number
  readonly hotAccesses: number
  /** Of work time: a slowed workload moves on later. */
  readonly periodNs: number
}

export function phases(footprint: Footprint, kind: PhasesKind): Behaviour {
  const hot: RateClass = { share: kind.hotPages, accessesPerSecond: kind.accessesPerSecond * kind.hotAccesses }
  const cold: RateClass = { share: 1 - kind.hotPages, accessesPerSecond: kind.accessesPerSecond * (1 - kind.hotAccesses) }
  const classes = kind.hotPages < 1 ? [hot, cold] : [{ share: 1, accessesPerSecond: kind.accessesPerSecond }]
  return {
    act: ({ progress }) => Math.floor(progress.workNs / kind.periodNs),
    // A page is hot if frac(p·φ + shift) < hotPages, so each step of hotPages takes pages that were not hot just before.
    profile: (act) => profileOfClasses(footprint, classes, kind.writeShare, (act * kind.hotPages) % 1),
    announce: (act) => (act === 0 ? undefined : { code: 'phase', fields: { phase: act } }),
    nextActNs: () => Infinity,
    finished: () => false,
  }
}

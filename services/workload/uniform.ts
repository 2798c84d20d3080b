/** Accesses spread evenly over all pages: the worst case of any hotness tracking, for nothing is hot. */
import { steady, type Behaviour } from './behaviour.ts'
import { profileOfClasses, type Footprint } from './profile.ts'

export interface UniformKind {
  readonly name: 'uniform'
  readonly accessesPerSecond: number
  readonly writeShare: number
}

export function uniform(footprint: Footprint, kind: UniformKind): Behaviour {
  const { accessesPerSecond, writeShare } = kind
  return steady(profileOfClasses(footprint, [{ share: 1, accessesPerSecond }], writeShare))
}

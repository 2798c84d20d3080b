/**
 * The bear: it fills its memory, lies still so that it is demoted, and then overwrites its pooled pages with data that
 * compresses badly, so that the device grows without anyone having allocated anything. Left out: any cunning; it does not
 * look at the device, and its pages go round in order.
 */
import type { Behaviour } from './behaviour.ts'
import { idleProfile, profileOfSweep, type Footprint } from './profile.ts'

export interface BearKind {
  readonly name: 'bear'
  /** How fast it overwrites, whole pages. */
  readonly bytesPerSecond: number
  /** Virtual time from its start to the attack, and the attack's length (Infinity: until it stops). */
  readonly attackNs: number
  readonly forNs: number
  /** Leaves after so many rounds over its memory; 0: goes on. */
  readonly passes: number
}

const WAITING = 0
const ATTACKING = 1
const SPENT = 2

export function bear(footprint: Footprint, kind: BearKind): Behaviour {
  const { bytesPerSecond, attackNs, forNs, passes } = kind
  const endNs = attackNs + forNs
  const attack = profileOfSweep(footprint, { bytesPerSecond, writes: true, pooledOnly: true, passes })
  return {
    act: ({ sinceStartNs }) => (sinceStartNs < attackNs ? WAITING : sinceStartNs < endNs ? ATTACKING : SPENT),
    profile: (act) => (act === ATTACKING ? attack : idleProfile(footprint)),
    announce: (act) => {
      if (act === ATTACKING) return { code: 'attack', fields: { bytesPerSecond, content: footprint.written } }
      return act === SPENT ? { code: 'attack-over', fields: {} } : undefined
    },
    nextActNs: (sinceStartNs) => (sinceStartNs < attackNs ? attackNs : sinceStartNs < endNs ? endNs : Infinity),
    finished: ({ progress }) => passes > 0 && progress.sweepPassesDone >= passes,
  }
}

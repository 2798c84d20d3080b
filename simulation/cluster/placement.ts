/** Which stage carries which actor: decided once, by the conductor, from the scenario and the stages that are there. */
import type { Ordinal } from '#shared/actor.ts'
import type { Role } from '#shared/messages.ts'

export interface Member {
  readonly ordinal: Ordinal
  readonly role: Role
  /** Of a workload: where its host is. */
  readonly host?: Ordinal
}

/** A stage that offers itself. */
export interface Offer {
  readonly name: string
  /** What it can carry; the first names its mail. */
  readonly roles: readonly string[]
  /** Actors it takes at most; 0: any number. */
  readonly capacity: number
}

export type Slot = Offer

export interface Placement {
  /** By stage number; 0 is the conductor's own. */
  readonly slots: readonly Slot[]
  /** By ordinal. */
  readonly stageOf: readonly number[]
}

export const CONDUCTOR_SLOT: Slot = { name: 'conductor', roles: ['conductor'], capacity: 0 }

/**
 * Hosts, devices and promoters are dealt out evenly to the stages of their role; surplus stages stay out. A workload goes to
 * a stage that carries nothing but workloads, if there is one, else to its host's stage, else to any that takes it.
 * Gives the roles for which nobody is there instead, if there are such.
 */
export function place(members: readonly Member[], offers: readonly Offer[]): Placement | { readonly lacking: readonly string[] } {
  const sorted = offers.toSorted((x, y) => (x.name < y.name ? -1 : 1))
  const taken = sorted.map(() => 0)
  const offerOf = new Map<Ordinal, number>()
  const lacking = new Set<string>()
  const takes = (offer: number, role: string): boolean => {
    const { roles, capacity } = sorted[offer]!
    return roles.includes(role) && (capacity === 0 || taken[offer]! < capacity)
  }
  const put = (ordinal: Ordinal, offer: number): void => {
    offerOf.set(ordinal, offer)
    taken[offer]!++
  }
  const least = (role: string, among: (offer: number) => boolean = () => true): number =>
    sorted.reduce((best, _, i) => (takes(i, role) && among(i) && (best < 0 || taken[i]! < taken[best]!) ? i : best), -1)

  for (const { ordinal, role } of members) {
    if (role === 'conductor' || role === 'workload') continue
    const offer = least(role)
    if (offer < 0) lacking.add(role)
    else put(ordinal, offer)
  }
  for (const { ordinal, role, host } of members) {
    if (role !== 'workload') continue
    const dedicated = least(role, (i) => sorted[i]!.roles[0] === 'workload')
    const home = host === undefined ? undefined : offerOf.get(host)
    const offer = dedicated >= 0 ? dedicated : home !== undefined && takes(home, role) ? home : least(role)
    if (offer < 0) lacking.add(role)
    else put(ordinal, offer)
  }
  if (lacking.size > 0) return { lacking: [...lacking] }

  const used = sorted.flatMap((_, i) => (taken[i]! > 0 ? [i] : []))
  return {
    slots: [CONDUCTOR_SLOT, ...used.map((i) => slotOf(sorted[i]!))],
    stageOf: members.map(({ ordinal }) => (offerOf.has(ordinal) ? 1 + used.indexOf(offerOf.get(ordinal)!) : 0)),
  }
}

/** An offer may come with more than is to be kept. */
function slotOf({ name, roles, capacity }: Offer): Slot {
  return { name, roles, capacity }
}

/** For an actor that comes later; `placement` is not changed. −1 if nobody takes it, or all who do are full. */
export function placeNewcomer(placement: Placement, role: Role, host: Ordinal | undefined): number {
  const carried = (stage: number): number => placement.stageOf.filter((at) => at === stage).length
  const able = placement.slots.flatMap(({ roles, capacity }, stage) =>
    roles.includes(role) && (capacity === 0 || carried(stage) < capacity) ? [stage] : [],
  )
  const home = host === undefined ? undefined : placement.stageOf[host]
  const dedicated = able.filter((stage) => placement.slots[stage]!.roles[0] === role)
  if (dedicated.length === 0 && home !== undefined && able.includes(home)) return home
  const from = dedicated.length > 0 ? dedicated : able
  return from.reduce((best, stage) => (best < 0 || carried(stage) < carried(best) ? stage : best), -1)
}

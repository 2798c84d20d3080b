/** Which stage carries which actor: decided once, by the conductor, from the scenario and the stages that are there. */
import type { Ordinal } from '#shared/actor.ts'
import type { Role } from '#shared/messages.ts'

export interface Member {
  readonly ordinal: Ordinal
  readonly role: Role
  /** Of a workload or a promoter. */
  readonly host?: Ordinal
  /** Of a host. */
  readonly devices?: readonly Ordinal[]
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

/** In this order: who is dealt out later comes to those who were before. */
const DEALT = ['device', 'host', 'promoter'] as const

export const CONDUCTOR_SLOT: Slot = { name: 'conductor', roles: ['conductor'], capacity: 0 }

/**
 * Devices, hosts and promoters are dealt out evenly to the stages of their role; surplus stages stay out. Where that costs no evenness, a
 * host comes to its devices and a promoter to its host, for most mail is between them and then stays in one process. A workload goes to
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
  /** Of those that carry as little, who can carry fewer roles comes first. */
  const before = (x: number, y: number): boolean =>
    taken[x]! < taken[y]! || (taken[x] === taken[y] && sorted[x]!.roles.length < sorted[y]!.roles.length)
  const least = (role: string, among: (offer: number) => boolean = () => true): number =>
    sorted.reduce((best, _, i) => (takes(i, role) && among(i) && (best < 0 || before(i, best)) ? i : best), -1)

  for (const dealt of DEALT) {
    const ofRole = members.filter(({ role }) => role === dealt)
    const even = Math.ceil(ofRole.length / sorted.filter(({ roles }) => roles.includes(dealt)).length)
    const carried = sorted.map(() => 0)
    for (const { ordinal, host, devices = [] } of ofRole) {
      const partners = [...devices, ...(host === undefined ? [] : [host])].map((partner) => offerOf.get(partner))
      const near = (offer: number): number => partners.filter((at) => at === offer).length
      const most = Math.max(0, ...sorted.map((_, i) => (takes(i, dealt) && carried[i]! < even ? near(i) : 0)))
      const offer = least(dealt, (i) => most === 0 || (carried[i]! < even && near(i) === most))
      if (offer < 0) lacking.add(dealt)
      else {
        put(ordinal, offer)
        carried[offer]!++
      }
    }
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

/** Who is drawn in which colour, the same on every chart of a page. */
import type { ActorId } from '#shared/actor.ts'
import { COLOURS } from '../chart.ts'
import { figureOf } from './figures.ts'
import type { RunRecord } from './record.ts'

/** For all that have no colour of their own. */
export const OTHERS = '#7a7f87'

/** Actors of one kind that have curves and charts of their own; the tables have all. */
export const SHOWN_MAX = COLOURS.length

/** A device's stack has one colour less: it has the other hosts, and what is not zeroed yet, in grey. */
const STACKED_MAX = SHOWN_MAX - 1

export class Palette {
  /** Those of whom there are charts: all if they are few, else the worst slowed down; in the scenario's order. */
  readonly hosts: readonly ActorId[]
  readonly #hostColours = new Map<ActorId, string>()
  readonly #record: RunRecord

  constructor(record: RunRecord) {
    this.#record = record
    const { hosts } = record.verdict
    this.hosts = worst(Object.keys(hosts), (id) => figureOf(hosts[id], 'slowdown'))
    this.hosts.forEach((id, i) => this.#hostColours.set(id, COLOURS[i]!))
  }

  /**
   * The hosts with areas of their own on a device, those with the highest peaks, each with its colour. Who comes to the
   * charts late gets a colour that is free on this device, and keeps it; on another device it may then have to stand back.
   */
  stack(device: ActorId): { host: ActorId; colour: string }[] {
    const hosts = Object.keys(this.#record.scenario.hosts).filter((id) =>
      this.#record.scenario.hosts[id]!.devices.includes(device),
    )
    const peak = (id: ActorId): number => figureOf(this.#record.verdict.devices[device], `byHost.${id}.peakUsedBytes`)
    const taken = new Set<string>()
    const shown = new Set<ActorId>()
    for (const host of hosts.toSorted((x, y) => peak(y) - peak(x))) {
      if (shown.size === (hosts.length <= SHOWN_MAX ? SHOWN_MAX : STACKED_MAX)) break
      const colour = this.#hostColours.get(host) ?? COLOURS.find((free) => !taken.has(free))!
      if (taken.has(colour)) continue
      this.#hostColours.set(host, colour)
      taken.add(colour)
      shown.add(host)
    }
    return hosts.filter((id) => shown.has(id)).map((host) => ({ host, colour: this.host(host) }))
  }

  host(id: ActorId): string {
    return this.#hostColours.get(id) ?? OTHERS
  }
}

/** At most SHOWN_MAX of them, in their own order. */
export function worst(ids: readonly ActorId[], badness: (id: ActorId) => number): ActorId[] {
  const chosen = new Set(ids.toSorted((x, y) => badness(y) - badness(x)).slice(0, SHOWN_MAX))
  return ids.filter((id) => chosen.has(id))
}

/**
 * The ring in which a hotness monitor leaves its hot units until the driver reads it. A unit that still waits unread is not
 * entered twice, its count is refreshed. A full ring drops what comes. The driver is woken when the ring is half full and
 * takes all of it; it does not poll, so that less than half a ring can sit there unreported for ever.
 */
import { assert } from '#shared/errors.ts'

/** What one read of the ring says about one host. */
interface HotUnits {
  readonly units: Uint32Array
  readonly counts: Uint32Array
  /** Units of this host that found the ring full since its last report. */
  readonly dropped: number
}

/** Keys of the index: hosts apart by more than any unit number. */
const UNIT_SPAN = 2 ** 32

export class Hotlist {
  length = 0
  readonly dropped: Float64Array
  private readonly hosts: Uint8Array
  private readonly units: Uint32Array
  private readonly counts: Uint32Array
  /** Where a waiting unit lies. Only looked up, never iterated. */
  private readonly places = new Map<number, number>()

  constructor(entries: number, hosts: number) {
    this.hosts = new Uint8Array(entries)
    this.units = new Uint32Array(entries)
    this.counts = new Uint32Array(entries)
    this.dropped = new Float64Array(hosts)
  }

  /** P: FACTS 4, CHMU→pghot driver: fill-level interrupt at half full. */
  get interrupt(): boolean {
    return this.length >= Math.ceil(this.units.length / 2)
  }

  /** False if the ring is full and the unit is lost. */
  offer(host: number, unit: number, count: number): boolean {
    const key = host * UNIT_SPAN + unit
    const place = this.places.get(key)
    if (place !== undefined) {
      this.counts[place] = count
      return true
    }
    if (this.length === this.units.length) {
      this.dropped[host]!++
      return false
    }
    this.hosts[this.length] = host
    this.units[this.length] = unit
    this.counts[this.length] = count
    this.places.set(key, this.length++)
    return true
  }

  /** Empties the ring, one report a host, in host order. */
  drain(): HotUnits[] {
    const reports = Array.from(this.dropped, (dropped, host) => {
      let own = 0
      for (let i = 0; i < this.length; i++) if (this.hosts[i] === host) own++
      const report = { units: new Uint32Array(own), counts: new Uint32Array(own), dropped }
      for (let i = 0, to = 0; i < this.length; i++) {
        if (this.hosts[i] !== host) continue
        report.units[to] = this.units[i]!
        report.counts[to++] = this.counts[i]!
      }
      return report
    })
    this.length = 0
    this.places.clear()
    this.dropped.fill(0)
    return reports
  }

  snapshot() {
    const { length, hosts, units, counts, dropped } = this
    return {
      hosts: hosts.slice(0, length),
      units: units.slice(0, length),
      counts: counts.slice(0, length),
      dropped: dropped.slice(),
    }
  }

  restore(from: ReturnType<Hotlist['snapshot']>): void {
    this.length = 0
    this.places.clear()
    for (let i = 0; i < from.units.length; i++) {
      assert(this.offer(from.hosts[i]!, from.units[i]!, from.counts[i]!), 'a hotlist snapshot fits its ring')
    }
    this.dropped.set(from.dropped)
  }
}

/** The device's hotness monitors: one instance and ring per host, or one that all share, whose list is then told apart by host. */
import type { BodyOf } from '#shared/messages.ts'
import { Chmu, judgementNs } from './chmu.ts'
import type { DeviceSpec } from './spec.ts'

interface HotnessReport {
  readonly host: number
  readonly body: BodyOf<'hotlist'>
}

export class Hotness {
  /** Grid on which epochs are judged. */
  readonly judgementNs: number
  private readonly shared: boolean
  private readonly monitors: Chmu[]

  constructor({ hotness, tickNs, hosts }: Pick<DeviceSpec, 'hotness' | 'tickNs' | 'hosts'>) {
    this.judgementNs = judgementNs(hotness, tickNs)
    this.shared = hotness.shared
    this.monitors = hotness.shared ? [new Chmu(hotness, tickNs, hosts.length)] : hosts.map(() => new Chmu(hotness, tickNs, 1))
  }

  get counting(): boolean {
    return this.monitors.some((monitor) => monitor.counting)
  }

  count(host: number, { pages, reads, writes }: Pick<BodyOf<'traffic'>, 'pages' | 'reads' | 'writes'>): void {
    if (this.shared) this.monitors[0]!.count(host, pages, reads, writes)
    else this.monitors[host]!.count(0, pages, reads, writes)
  }

  /** Ends the epoch; what the rings that raised their interrupt held, in host order. A drop implies a full ring, so none goes untold. */
  endEpoch(): HotnessReport[] {
    const reports: HotnessReport[] = []
    this.monitors.forEach((monitor, instance) => {
      monitor.endEpoch()
      if (!monitor.hotlist.interrupt) return
      monitor.hotlist.drain().forEach((found, local) => {
        if (found.units.length === 0 && found.dropped === 0) return
        const host = this.shared ? local : instance
        reports.push({ host, body: { granulePages: monitor.granulePages, ...found } })
      })
    })
    return reports
  }

  /** A host of so many pages will be counted. */
  reserve(host: number, pages: number): void {
    if (this.shared) this.monitors[0]!.reserve(host, pages)
    else this.monitors[host]!.reserve(0, pages)
  }

  snapshot() {
    return this.monitors.map((monitor) => monitor.snapshot())
  }

  peek(): ReturnType<Hotness['snapshot']> {
    return this.monitors.map((monitor) => monitor.peek())
  }

  restore(from: ReturnType<Hotness['snapshot']>): void {
    this.monitors.forEach((monitor, instance) => monitor.restore(from[instance]!))
  }
}

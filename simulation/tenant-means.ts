/** What each host had on each device, on average over a run. */
import type { ActorId, Telemetry } from '#shared/actor.ts'
import type { Scenario } from '#shared/scenario.ts'

/** By `DEVICE byHost.HOST.KEY`; plain data, for it comes from other threads. */
export type TenantMeans = ReadonlyMap<string, number>

/** Sums up the samples of a run. */
export class TenantSums {
  readonly #sums = new Map<string, number>()
  readonly #samples: number

  /** Over so many samples: a run that ends early has nothing in those that are missing. */
  constructor({ duration, sample }: Scenario) {
    this.#samples = Math.floor(duration / sample) + 1
  }

  add(telemetry: Readonly<Record<ActorId, Telemetry>>): void {
    for (const [actor, values] of Object.entries(telemetry)) {
      for (const [key, value] of Object.entries(values)) {
        if (!key.startsWith('byHost.')) continue
        this.#sums.set(`${actor} ${key}`, (this.#sums.get(`${actor} ${key}`) ?? 0) + value)
      }
    }
  }

  get means(): TenantMeans {
    return new Map(Array.from(this.#sums, ([name, sum]) => [name, sum / this.#samples]))
  }
}

export function tenantMean(means: TenantMeans, device: ActorId, host: ActorId, key: 'storedPages' | 'usedBytes'): number {
  return means.get(`${device} byHost.${host}.${key}`) ?? 0
}

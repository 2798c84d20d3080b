/** A scenario that is over in a moment, and yet has an actor of each kind, for tests of what conducts it. */
import type { Status } from '#shared/observe/broadcast.ts'
import type { Log } from '#shared/observe/log.ts'
import { parseScenario, type Scenario } from '#shared/scenario.ts'
import { statusOf } from './status.ts'

export const TINY_YAML = `
name: tiny
duration: 250ms
sample: 50ms
devices:
  device-1: { physical: 8MiB, advertised: 16MiB }
hosts:
  host-1: { memory: 16MiB, devices: [device-1], watermarkScaleFactor: 300, swap: { size: 32MiB }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 16MiB, devices: [device-1], watermarkScaleFactor: 300, swap: { size: 32MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms, batch: 64 }
workloads:
  one: { host: host-1, kind: zipf, size: 18MiB, accesses: 200k/s, content: { ratio: 3 } }
  two: { host: host-2, kind: uniform, size: 18MiB, accesses: 100k/s, content: { ratio: 2 } }
`

/** Two of a kind, each with a device of its own, whose stages have nothing to say to each other; one ends early. */
export const TWINS_YAML = `
name: twins
duration: 250ms
sample: 50ms
devices:
  device-1: { physical: 8MiB, advertised: 16MiB }
  device-2: { physical: 5MiB, advertised: 16MiB }
hosts:
  host-1: { memory: 16MiB, devices: [device-1], watermarkScaleFactor: 300, swap: { size: 32MiB }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 16MiB, devices: [device-2], watermarkScaleFactor: 300, swap: { size: 32MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms, batch: 64 }
  promoter-2: { host: host-2, threshold: 1, sleep: 50ms, batch: 64 }
workloads:
  one: { host: host-1, kind: zipf, size: 18MiB, accesses: 200k/s, content: { ratio: 3 } }
  two: { host: host-2, kind: uniform, size: 18MiB, accesses: 100k/s, content: { ratio: 2 } }
  brief: { host: host-2, kind: uniform, size: 1MiB, accesses: 10k/s, stop: 203ms }
`

export function tiny(): Scenario {
  return parseScenario(TINY_YAML, 'tiny')
}

/** Of a run of it in which nothing has happened but what is given. */
export function tinyStatus(given: Partial<Status> & Pick<Status, 'run' | 'cluster'>): Status {
  return {
    ...statusOf(tiny(), []),
    state: 'running',
    remark: '',
    quantum: 0,
    quanta: 0,
    virtualSeconds: 0,
    pace: 0,
    behindSeconds: 0,
    generation: 1,
    lastSetSeconds: -1,
    stages: [],
    standby: [],
    dropped: {},
    ...given,
  }
}

export const QUIET: Log = { info: () => {}, warn: () => {}, error: () => {} }

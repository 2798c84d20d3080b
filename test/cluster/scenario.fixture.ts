/** Scenarios for clusters: small, so that a run and its recovery are soon over, and with something going on all the time. */

/** A stage for each of its actors and one for all workloads. */
export const STAGES = ['host-1', 'host-2', 'device-1', 'promoter-1', 'workload-1'] as const

export const TROUBLED = `
name: troubled
duration: 1s
quantum: 5ms
sample: 50ms
devices:
  device-1: { physical: 16MiB, advertised: 64MiB, hotness: { epoch: 50ms, threshold: 1 } }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 100, swap: { size: 64MiB }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 32MiB, devices: [device-1], swap: { size: 64MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms }
workloads:
  web: { host: host-1, kind: zipf, size: 64MiB, accesses: 400k/s, writes: { drift: redis_json } }
  phases: { host: host-1, kind: phases, size: 24MiB, accesses: 1M/s, hot: 20%, hotShare: 90%, period: 200ms }
  bear: { host: host-2, kind: bear, size: 48MiB, rate: 100MB/s, attack: 500ms }
`

/** Each carries a host with all that it speaks with, so that they step ahead of each other. */
export const WHOLE_STAGES = ['all-1', 'all-2'] as const

/** Of two hosts that share nothing, each as troubled. It is long, for it runs as fast as it can. */
export const TROUBLED_APART = `
name: troubled-apart
duration: 40s
sample: 50ms
quantum: 5ms
devices:
  device-1: { physical: 16MiB, advertised: 64MiB, hotness: { epoch: 50ms, threshold: 1 } }
  device-2: { physical: 12MiB, advertised: 64MiB, hotness: { epoch: 50ms, threshold: 1 } }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 100, swap: { size: 64MiB }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 40MiB, devices: [device-2], watermarkScaleFactor: 100, swap: { size: 64MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms }
  promoter-2: { host: host-2, threshold: 1, sleep: 50ms }
workloads:
  web: { host: host-1, kind: zipf, size: 64MiB, accesses: 400k/s, writes: { drift: redis_json } }
  phases: { host: host-2, kind: phases, size: 56MiB, accesses: 1M/s, hot: 20%, hotShare: 90%, period: 200ms }
`

/** The pace at which troubled takes 25 s, in which things can befall it, however slow the machine is. */
export const SLOW = '0.04x'

/** What a run leaves in JetStream when it is over. */
export const NOTHING_STORED = { 'coldpool-journal': 0, 'coldpool-snapshots': 0 }

/** A sweep of variants that take some tens of milliseconds each, and of which some run out of space. */
import { parseSweep, type Sweep, sweepOf } from './sweep-file.ts'

export const TINY_SCENARIO = `name: tiny
duration: 400ms
devices:
  device-1: { physical: 6MiB, advertised: 64MiB, low: 8%, high: 12%, flush: 20ms }
hosts:
  host-1: { memory: 16MiB, devices: [device-1], watermarkScaleFactor: 200, swap: { size: 64MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms, batch: 64 }
workloads:
  one: { host: host-1, kind: zipf, size: 24MiB, accesses: 200k/s, content: { ratio: 4 }, writes: incompressible }
  bear: { host: host-1, kind: bear, size: 6MiB, content: zero, rate: 50MB/s, attack: 100ms }
`

export const TINY = `name: tiny-sweep
scenario: tiny.yaml
set: { workloads.bear.attack: 150ms }
axes:
  devices.device-1.physical: { from: 4MiB, to: 16MiB, steps: 3, scale: log }
  workloads.bear.rate: [20MB/s, 80MB/s]
seeds: 2
`

/** Its first setting has no room for what lies on the device from the beginning, which is found out only as it runs. */
export const CROWDED = TINY.replace('set: {', 'set: { hosts.host-1.pooledAtStart: 16MiB,')
  .replace('from: 4MiB', 'from: 2MiB')
  .replace('seeds: 2', 'seeds: 1')

export function tinySweep(text = TINY): Sweep {
  return sweepOf(parseSweep(text, 'sweep.yaml'), TINY_SCENARIO)
}

/** What a case of bad input is: something wrong in a scenario or on the command line, and the lines that must be given for it. */

export const BASE = `name: base
seed: 1
duration: 1s
devices:
  device-1:
    physical: 64MiB
    advertised: 128MiB
    codec: lz4
    hotness: { threshold: 16, counterBits: 16 }
  device-2: { physical: 64MiB, advertised: 128MiB, codec: lz4 }
hosts:
  host-1: { memory: 64MiB, devices: [device-1], swap: { size: 64MiB } }
  host-2: { memory: 64MiB, devices: [] }
promoters:
  promoter-1: { host: host-1 }
workloads:
  web-1: { host: host-1, kind: zipf, size: 96MiB, accesses: 1k/s }
`

export interface Case {
  readonly name: string
  /** Replaced in BASE. */
  readonly change?: readonly [from: string, to: string]
  /** Instead of BASE. */
  readonly file?: string | Uint8Array
  readonly args?: readonly string[]
  readonly lines: readonly string[]
}

export const change = (name: string, from: string, to: string, ...lines: string[]): Case => ({ name, change: [from, to], lines })
export const file = (name: string, content: string | Uint8Array, ...lines: string[]): Case => ({ name, file: content, lines })
export const args = (name: string, given: string[], ...lines: string[]): Case => ({ name, args: given, lines })

export const SHAPE = 'CP_SCENARIO_SHAPE'
export const NAME = 'CP_SCENARIO_NAME'
export const LIMIT = 'CP_SCENARIO_LIMIT'
export const YAML = 'CP_SCENARIO_YAML FILE'

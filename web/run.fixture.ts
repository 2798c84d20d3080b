/** A run of given samples, as the dashboard's board would tell it. */
import type { Status } from '#shared/observe/broadcast.ts'
import { columnsOf, rowOf } from '#simulation/dashboard/frame.ts'
import { Run } from './run.ts'

type Telemetry = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Hosts with their devices, of 256 MiB each. */
export function runOf(
  hosts: Readonly<Record<string, readonly string[]>>,
  samples: readonly (readonly [number, Telemetry])[],
): Run {
  const devices = [...new Set(Object.values(hosts).flat())]
  const status = {
    hosts: Object.fromEntries(Object.entries(hosts).map(([id, own]) => [id, { devices: own }])),
    devices: Object.fromEntries(
      devices.map((id) => [
        id,
        { physicalBytes: 2 ** 28, hosts: Object.keys(hosts).filter((host) => hosts[host]!.includes(id)) },
      ]),
    ),
    promoters: {},
  } as unknown as Status
  const columns = columnsOf(status)
  const rows = samples.map(([virtualSeconds, telemetry]) =>
    rowOf(columns, { quantum: virtualSeconds * 1000, virtualSeconds, telemetry }),
  )
  const run = new Run()
  run.begin({ status, quantumSeconds: 0.001, columns, rows, marks: [], acts: false })
  return run
}

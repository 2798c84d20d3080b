/** A connection to the bus whose troubles go to the log. */
import { NatsWire, type NatsOptions } from '#shared/bus/nats.ts'
import type { Log } from '#shared/observe/log.ts'
import type { BusSettings } from './settings.ts'

/** Throws CP_BUS. */
export async function connectWire(
  settings: BusSettings,
  name: string,
  log: Log,
  more: Pick<NatsOptions, 'patient' | 'dropped'> = {},
): Promise<NatsWire> {
  return NatsWire.connect({ ...settings, ...more, name, onNotice: (notice) => log.warn({ notice }, 'the connection to the bus') })
}

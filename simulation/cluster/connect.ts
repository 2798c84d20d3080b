/** A connection to the bus whose troubles go to the log, and what it does not take, seldom. */
import { NatsWire, type NatsOptions } from '#shared/bus/nats.ts'
import { Dropped } from '#shared/bus/wire.ts'
import { type Log, sayDropped } from '#shared/observe/log.ts'
import type { BusSettings } from './settings.ts'

/** Throws CP_BUS, or the signal's reason. */
export async function connectWire(
  settings: BusSettings,
  name: string,
  log: Log,
  more: Pick<NatsOptions, 'patient' | 'signal' | 'dropped'> = {},
): Promise<NatsWire> {
  const onNotice = (notice: string): void => log.warn({ notice }, 'the connection to the bus')
  return NatsWire.connect({ ...settings, dropped: new Dropped(sayDropped(log)), ...more, name, onNotice })
}

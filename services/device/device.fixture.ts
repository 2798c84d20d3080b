/** What the tests of this room share: a small device, an outbox that remembers, and a conductor in miniature. */
import type { Recorder } from '#shared/recorder.fixture.ts'
import type { Actor } from '#shared/actor.ts'
import type { BodyOf, Kind, Mail } from '#shared/messages.ts'
import { NS_PER_MS, NS_PER_S, type Quantum } from '#shared/time.ts'
import { CODECS } from './codec.ts'
import type { DeviceSpec } from './spec.ts'

const DEVICE = 0
export const HOST_1 = 1
export const HOST_2 = 2
export const PROMOTER_1 = 3
export const PROMOTER_2 = 4

/** 64 raw pages of physical capacity, 128 advertised, two hosts, quantum 1 ms. */
export function deviceSpec(changes: Partial<DeviceSpec> = {}): DeviceSpec {
  return {
    id: 'device-1',
    ordinal: DEVICE,
    quantumNs: NS_PER_MS,
    tickNs: 10 * NS_PER_MS,
    physicalBytes: 64 * 4096,
    advertisedBytes: 128 * 4096,
    chunkBytes: 512,
    metadataBytes: 64,
    ...CODECS.lz4,
    lowFraction: 0.1,
    highFraction: 0.15,
    flushNs: NS_PER_S,
    channels: 1,
    extraLatencyNs: 0,
    rejectAboveBytes: Infinity,
    offline: [],
    hotness: { granuleBytes: 4096, epochNs: NS_PER_S, threshold: 16, hotlist: 64, counterBits: 16, shared: false },
    shares: { policy: 'none' },
    hosts: [
      { ordinal: HOST_1, id: 'host-1', promoterOrdinal: PROMOTER_1 },
      { ordinal: HOST_2, id: 'host-2', promoterOrdinal: PROMOTER_2 },
    ],
    ...changes,
  }
}

export function mail<K extends Kind>(from: number, kind: K, body: BodyOf<K>): Mail {
  return { from, to: DEVICE, sequence: 0, kind, body } as unknown as Mail
}

export function demote(from: number, pages: readonly number[], size = 2048): Mail {
  return mail(from, 'demote', { batch: 1, pages: Uint32Array.from(pages), sizes: new Uint16Array(pages.length).fill(size) })
}

export function written(from: number, pages: readonly number[], size = 2048): Mail {
  return mail(from, 'written', { pages: Uint32Array.from(pages), sizes: new Uint16Array(pages.length).fill(size) })
}

export function landed(from: number, pages: readonly number[], size = 2048): Mail {
  return mail(from, 'landed', { pages: Uint32Array.from(pages), sizes: new Uint16Array(pages.length).fill(size) })
}

export function poll(from: number): Mail {
  return mail(from, 'poll', {})
}

export function released(from: number, pages: readonly number[]): Mail {
  return mail(from, 'released', { pages: Uint32Array.from(pages) })
}

export function traffic(from: number, changes: Partial<BodyOf<'traffic'>> = {}): Mail {
  return mail(from, 'traffic', {
    spanNs: 10 * NS_PER_MS,
    readBytes: 0,
    writeBytes: 0,
    compressedReads: 0,
    recompressions: 0,
    pages: new Uint32Array(0),
    reads: new Uint16Array(0),
    writes: new Uint16Array(0),
    ...changes,
  })
}

/** Each of the pages read `count` times. */
export function accesses(from: number, pages: readonly number[], count: number): Mail {
  return traffic(from, {
    pages: Uint32Array.from(pages),
    reads: new Uint16Array(pages.length).fill(count),
    writes: new Uint16Array(pages.length),
  })
}

/** Steps an actor through its mail and its wakes, as a conductor would, up to and including `until`. Returns the quanta it ran in. */
export function drive(
  actor: Actor,
  out: Recorder,
  mailAt: Readonly<Record<Quantum, readonly Mail[]>>,
  until: Quantum,
): Quantum[] {
  const ran: Quantum[] = []
  const arrivals = Object.keys(mailAt).map(Number)
  for (let now = out.now; now <= until; now = out.now) {
    const next = Math.min(actor.nextWake(now), ...arrivals.filter((quantum) => quantum > now))
    if (next > until) break
    out.now = next
    actor.step(next, mailAt[next] ?? [], out)
    ran.push(next)
  }
  return ran
}

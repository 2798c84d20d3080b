/** What each actor of a scenario is told at birth: from the scenario's forms to the specs of the models. */
import type { Ordinal } from '#shared/actor.ts'
import { ContentSizes } from '#shared/content.ts'
import { measuredContent, recordedTrace } from '#shared/measured.ts'
import { assert, ColdpoolError } from '#shared/errors.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import type { DeviceScenario, HostScenario, PromoterScenario, Scenario, WorkloadScenario } from '#shared/scenario.ts'
import { hostBytesMax } from '#shared/scenario/consistency.ts'
import { workloadsAtStart } from '#shared/scenario/start-consistency.ts'
import { NS_PER_S } from '#shared/time.ts'
import { formatBytes } from '#shared/units.ts'
import { judgementNs, thresholdOf } from '#services/device/chmu.ts'
import { CODECS } from '#services/device/codec.ts'
import { Device } from '#services/device/device.ts'
import { Host } from '#services/host/host.ts'
import type { AccessSpec, ColdAgeSpec, MonitorSpec, SenpaiSpec } from '#services/host/spec.ts'
import type { StartSpec } from '#services/host/start.ts'
import { Promoter } from '#services/promoter/promoter.ts'
import type { HotnessSpec, SharesSpec } from '#services/device/spec.ts'
import type { WorkloadKind } from '#services/workload/spec.ts'
import { Workload } from '#services/workload/workload.ts'
import { isolationOf } from './isolation.ts'
import { type OnReading, openReferences } from './reference-file.ts'

export class Plot {
  readonly #scenario: Scenario
  readonly #ordinalOf: (name: string) => Ordinal
  readonly #onReading: OnReading | undefined

  constructor(scenario: Scenario, ordinalOf: (name: string) => Ordinal, onReading: OnReading | undefined) {
    this.#scenario = scenario
    this.#ordinalOf = ordinalOf
    this.#onReading = onReading
  }

  host(id: string, host: HostScenario): Host {
    const { seed, quantum, tick, devices, workloads } = this.#scenario
    const promoter = this.#promoterOf(id)
    // All devices of a host share one codec (checked); a host without devices never compresses anything.
    const codec = devices[host.devices[0] ?? '']?.codec ?? 'lz4'
    // Read when the first host asks: a process without hosts does without.
    const { profiles, drifts } = measuredContent()
    return new Host({
      id,
      ordinal: this.#ordinalOf(id),
      seed,
      quantumNs: quantum,
      tickNs: tick,
      memoryBytes: host.memory,
      devices: host.devices.map((name) => {
        const device = devices[name]!
        return {
          ordinal: this.#ordinalOf(name),
          id: name,
          advertisedBytes: device.advertised,
          chunkBytes: device.chunk,
          pauses: device.shares.policy === 'grace',
          monitor: monitorOf(hotnessOf(device), tick),
        }
      }),
      watermarkScaleFactor: host.watermarkScaleFactor,
      generations: host.generations,
      demotionBatch: host.demotionBatch,
      access: accessOf(host.access),
      demotionStores: host.demotionStores,
      proactive: host.proactive && proactiveOf(host.proactive),
      swap: { bytes: host.swap.size, bytesPerSecond: host.swap.bandwidth, latencyNs: host.swap.latency },
      throttle: host.throttle,
      promotion: promoter && {
        ordinal: this.#ordinalOf(promoter.id),
        hints: promoter.spec.hints,
        damon: promoter.spec.damon,
        scanBytes: promoter.spec.scanSize,
        scanPeriodNs: promoter.spec.scanPeriod,
        hotAccessesPerSecond: promoter.spec.threshold / (promoter.spec.window / NS_PER_S),
      },
      sizes: new ContentSizes(profiles, drifts, codec),
      isolation: isolationOf(id, host, workloads, this.#ordinalOf),
      start: this.#startOf(id, host),
    })
  }

  device(id: string, device: DeviceScenario): Device {
    const { quantum, tick, hosts } = this.#scenario
    const figures = CODECS[device.codec]
    const sharing = Object.keys(hosts).filter((name) => hosts[name]!.devices.includes(id))
    return new Device({
      id,
      ordinal: this.#ordinalOf(id),
      quantumNs: quantum,
      tickNs: tick,
      physicalBytes: device.physical,
      advertisedBytes: device.advertised,
      chunkBytes: device.chunk,
      metadataBytes: device.metadata,
      decompressNs: device.decompress ?? figures.decompressNs,
      compressNs: device.compress ?? figures.compressNs,
      decompressBytesPerSecond: device.decompressRate ?? figures.decompressBytesPerSecond,
      compressBytesPerSecond: device.compressRate ?? figures.compressBytesPerSecond,
      metadataNs: device.metadataLatency ?? figures.metadataNs,
      lowFraction: device.low,
      highFraction: device.high,
      flushNs: device.flush,
      channels: device.channels,
      extraLatencyNs: device.extraLatency,
      rejectAboveBytes: device.rejectAbove ?? Infinity,
      offline: device.offline.map(({ from, to }) => ({ fromNs: from, toNs: to })),
      hotness: hotnessOf(device),
      shares: sharesOf(device.shares, sharing),
      hosts: sharing.map((name) => {
        const promoter = this.#promoterOf(name)
        return { ordinal: this.#ordinalOf(name), id: name, ...(promoter && { promoterOrdinal: this.#ordinalOf(promoter.id) }) }
      }),
    })
  }

  promoter(id: string, promoter: PromoterScenario): Promoter {
    return new Promoter({
      id,
      ordinal: this.#ordinalOf(id),
      quantumNs: this.#scenario.quantum,
      hostOrdinal: this.#ordinalOf(promoter.host),
      chmu: promoter.chmu,
      hints: promoter.hints,
      damon: promoter.damon,
      windowNs: promoter.window,
      threshold: promoter.threshold,
      sleepNs: promoter.sleep,
      batch: promoter.batch,
      rateLimitBytesPerSecond: promoter.rateLimit,
      hintLatencyNs: promoter.hintLatency,
    })
  }

  workload(id: string, workload: WorkloadScenario, newcomer: boolean): Workload {
    return new Workload({
      id,
      ordinal: this.#ordinalOf(id),
      hostOrdinal: this.#ordinalOf(workload.host),
      conductorOrdinal: 0,
      quantumNs: this.#scenario.quantum,
      newcomer,
      startNs: workload.start,
      stopNs: workload.stop ?? Infinity,
      kind: this.#kindOf(id, workload),
      pages: workload.kind === 'trace' ? 0 : Math.floor(workload.size / PAGE_BYTES),
      stored: workload.content,
      written: workload.writes,
      threads: workload.threads,
      // A trace's pages come to life by its own first touches.
      allocateBytesPerSecond: workload.kind === 'trace' ? 0 : workload.allocateRate,
      cacheBytes: 'cache' in workload ? workload.cache : 0,
      missFraction: 'miss' in workload ? workload.miss : undefined,
    })
  }

  /** The size of what a file replays is known only now. */
  #kindOf(id: string, workload: WorkloadScenario): WorkloadKind {
    const kind = kindOf(workload, this.#scenario.hosts[workload.host]!, this.#onReading)
    if (kind.name !== 'references') return kind
    const bytes = kind.references.pages * PAGE_BYTES
    const most = hostBytesMax(this.#scenario, workload.host)
    if (bytes <= most) return kind
    throw new ColdpoolError(
      'CP_SCENARIO_LIMIT',
      `workloads.${id}.file`,
      `its pages take ${formatBytes(bytes)}`,
      `at most ${formatBytes(most)}, what the workloads of ${workload.host} may take together`,
    )
  }

  /** Newcomers are none of it: they come later. */
  #startOf(id: string, { pooledAtStart }: HostScenario): StartSpec | undefined {
    if (pooledAtStart === 0) return undefined
    const there = workloadsAtStart(this.#scenario, id)
    return {
      pooledPages: Math.floor(pooledAtStart / PAGE_BYTES),
      workloads: new Set(there.map(({ name }) => this.#ordinalOf(name))),
      pages: there.reduce((sum, { size }) => sum + Math.floor(size / PAGE_BYTES), 0),
    }
  }

  #promoterOf(host: string): { id: string; spec: PromoterScenario } | undefined {
    const found = Object.entries(this.#scenario.promoters).find(([, promoter]) => promoter.host === host)
    return found && { id: found[0], spec: found[1] }
  }
}

/** Undefined where a counter counts several pages. */
function monitorOf(hotness: HotnessSpec, tickNs: number): MonitorSpec | undefined {
  if (hotness.granuleBytes !== PAGE_BYTES) return undefined
  return { epochNs: judgementNs(hotness, tickNs), threshold: thresholdOf(hotness, tickNs) }
}

function hotnessOf({ hotness: { granule, epoch, threshold, hotlist, counterBits, shared } }: DeviceScenario): HotnessSpec {
  return { granuleBytes: granule, epochNs: epoch, threshold, hotlist, counterBits, shared }
}

/** `hosts` are those that share the device. */
function sharesOf(shares: DeviceScenario['shares'], hosts: readonly string[]): SharesSpec {
  switch (shares.policy) {
    case 'none':
      return shares
    case 'hard':
      return { policy: 'hard', limitBytes: hosts.map((host) => shares.limits[host]!) }
    case 'weighted':
      return {
        policy: 'weighted',
        weights: hosts.map((host) => (Object.hasOwn(shares.weights, host) ? shares.weights[host]! : 1)),
      }
    case 'grace':
      return { policy: 'grace', limitBytes: hosts.map((host) => shares.limits[host]!), graceBytes: shares.grace }
  }
}

function proactiveOf(proactive: NonNullable<HostScenario['proactive']>): ColdAgeSpec | SenpaiSpec {
  if (proactive.by === 'age') return { bytesPerSecond: proactive.rate, ageNs: proactive.age }
  const { interval, reclaim, pressure } = proactive
  return { intervalNs: interval, reclaimFraction: reclaim, pressureFraction: pressure }
}

function accessOf(access: HostScenario['access']): AccessSpec {
  switch (access.policy) {
    case 'write-budget':
      return { policy: access.policy, pollNs: access.poll, share: access.share }
    case 'fault-on-access': {
      const { policy, rejectAbove, pool, reaccept } = access
      return { policy, rejectAboveBytes: rejectAbove, poolFraction: pool, reacceptFraction: reaccept }
    }
    default:
      return access
  }
}

function kindOf(workload: WorkloadScenario, host: HostScenario, onReading: OnReading | undefined): WorkloadKind {
  switch (workload.kind) {
    case 'zipf':
      return { name: 'zipf', accessesPerSecond: workload.accesses, writeShare: workload.writeShare, skew: workload.skew }
    case 'uniform':
      return { name: 'uniform', accessesPerSecond: workload.accesses, writeShare: workload.writeShare }
    case 'scan':
      return { name: 'scan', bytesPerSecond: workload.rate, overwrites: workload.overwrites }
    case 'phases':
      return {
        name: 'phases',
        accessesPerSecond: workload.accesses,
        writeShare: workload.writeShare,
        hotPages: workload.hot,
        hotAccesses: workload.hotShare,
        periodNs: workload.period,
      }
    case 'burst':
      return {
        name: 'burst',
        accessesPerSecond: workload.accesses,
        burstAccessesPerSecond: workload.burst,
        writeShare: workload.writeShare,
        skew: workload.skew,
        periodNs: workload.period,
        lengthNs: workload.length,
      }
    case 'bear':
      return {
        name: 'bear',
        bytesPerSecond: workload.rate,
        attackNs: workload.attack,
        forNs: workload.for ?? Infinity,
        passes: workload.passes,
      }
    case 'trace':
      return traceOf(workload, host, onReading)
  }
}

/** As many as in the recordings. */
const EPOCH_REFERENCES_MAX = 1_000_000

/** An epoch of no more references than there are frames cannot flood DRAM by itself, whatever it touches. */
function traceOf(
  workload: Extract<WorkloadScenario, { kind: 'trace' }>,
  { memory }: HostScenario,
  onReading: OnReading | undefined,
): WorkloadKind {
  const { trace, file, epoch: epochNs, repeat } = workload
  const epochReferences = workload.epochReferences ?? Math.min(EPOCH_REFERENCES_MAX, Math.floor(memory / PAGE_BYTES))
  if (file !== undefined)
    return { name: 'references', references: openReferences(file, onReading), epochReferences, epochNs, repeat }
  assert(trace !== undefined, 'a trace is a recording or a file (checked)')
  return { name: 'trace', trace: recordedTrace(trace), epochNs, repeat }
}

/**
 * What `/metrics` tells of actors: names by Prometheus's conventions (base units; what ends in `_total` is a counter), each
 * with the telemetry that it comes from. What is not in here is not told, whatever an actor reports.
 */
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { NS_PER_MS, NS_PER_S } from '#shared/time.ts'

/** `factor` takes the telemetry's unit to the base unit. */
export type Metric = readonly [name: string, key: string, help: string, factor?: number]

export const HOST_METRICS: readonly Metric[] = [
  ['dram_free_bytes', 'freePages', 'DRAM that is free.', PAGE_BYTES],
  ['dram_active_bytes', 'dram.activePages', 'DRAM on the active list.', PAGE_BYTES],
  ['dram_inactive_bytes', 'dram.inactivePages', 'DRAM on the inactive list.', PAGE_BYTES],
  ['pooled_bytes', 'pooledBytes', 'Memory of the host that lies on devices, uncompressed.'],
  ['swapped_bytes', 'swappedBytes', 'Memory of the host that is swapped out.'],
  ['poisoned_pages', 'pages.poisoned', 'Pages that were lost to poison.'],
  ['slowdown_ratio', 'slowdown', 'Virtual time of its workloads by the time that their work needs in DRAM, since they came.'],
  ['elapsed_seconds_total', 'elapsedSeconds', 'Virtual time of its workloads, summed over them.'],
  ['work_seconds_total', 'workSeconds', 'Time that the work done so far would have needed in DRAM, summed over workloads.'],
  ['kernel_seconds_total', 'kernelSeconds', 'Virtual time that its kernel took for tiering.'],
  [
    'direct_reclaim_stall_seconds_total',
    'directReclaimStallSeconds',
    'Virtual time that workloads stood still for direct reclaim.',
  ],
  ['throttled_seconds_total', 'throttledSeconds', 'Virtual time by which demotions were put off for a device under pressure.'],
  ['demoted_pages_total', 'demoted', 'Pages that went to a device.'],
  ['promoted_pages_total', 'promoted', 'Pages that came back from a device for their hotness.'],
  ['declined_pages_total', 'declined', 'Pages whose promotion the host declined.'],
  ['swapped_out_pages_total', 'swappedOut', 'Pages that were swapped out.'],
  ['swapped_in_pages_total', 'swappedIn', 'Pages that were swapped in.'],
  ['hint_faults_total', 'hintFaults', 'NUMA hint faults.'],
  ['oom_kills_total', 'oomKills', 'Workloads that were killed for want of memory.'],
  ['poison_hits_total', 'poisonHits', 'Accesses to poisoned pages.'],
  ['promotion_coverage_ratio', 'truth.coverage', 'Share of the episodes of true hotness on a device that a promotion ended.'],
  ['promotion_accuracy_ratio', 'truth.accuracy', 'Share of the pages ordered home that were truly hot.'],
  [
    'promotion_lateness_seconds',
    'truth.latenessMs',
    'Mean virtual time from the begin of such an episode to its promotion.',
    NS_PER_MS / NS_PER_S,
  ],
]

export const DEVICE_METRICS: readonly Metric[] = [
  ['headroom_bytes', 'headroomBytes', 'Physical capacity that is neither used nor waits to be zeroed.'],
  ['pending_zero_bytes', 'pendingZeroBytes', 'Physical capacity that was given back and waits to be zeroed.'],
  ['reserved_bytes', 'reservedBytes', 'Promised to demotions that are admitted and not written yet.'],
  ['poisoned_pages', 'poisonedPages', 'Pages that the device lost.'],
  ['compression_ratio', 'compressionRatio', 'Bytes stored by bytes used.'],
  ['pressure_level', 'pressure', 'How hard the device presses its hosts; 0: at ease.'],
  ['utilisation_ratio', 'utilisation', 'Load by what the device can serve.'],
  ['dev_load_class', 'devLoad', 'Load class as CXL tells it (DevLoad); 0: light, 1: optimal, 2: moderate, 3: severe.'],
  ['read_latency_mean_seconds', 'readNs.mean', 'Mean latency of reads since the run began.', 1 / NS_PER_S],
  ['interrupts_total', 'interrupts', 'Interrupts for low capacity.'],
  ['hotlist_dropped_total', 'hotlistDropped', 'Entries of the hot list that found no room.'],
]

/** Of a device, for each of its hosts; keys under `byHost.HOST.`. */
export const TENANT_METRICS: readonly Metric[] = [
  ['used_bytes', 'usedBytes', 'Physical capacity that the host uses on the device.'],
  ['stored_pages', 'storedPages', 'Pages of the host on the device.'],
  ['share_bytes', 'shareBytes', 'Physical capacity that is set aside for the host, where the device divides its own.'],
  ['read_bytes_total', 'readBytes', 'Bytes that the host read.'],
  ['write_bytes_total', 'writeBytes', 'Bytes that the host wrote.'],
]

export const PROMOTER_METRICS: readonly Metric[] = [
  ['pending_units', 'pending', 'Candidates that wait for their turn.'],
  ['reports_total', 'reports', 'Mails that brought hotness.'],
  ['hot_hints_total', 'hotHints', 'Hint faults that came soon enough to count as hot.'],
  ['ordered_pages_total', 'ordered', 'Pages whose promotion was ordered.'],
  ['home_pages_total', 'home', 'Ordered pages that came home.'],
  ['declined_pages_total', 'declined', 'Ordered pages that the host declined.'],
  ['gone_pages_total', 'gone', 'Ordered pages that were on no device any more.'],
  ['rate_limited_pages_total', 'rateLimited', 'Pages put off to the next second, once for each time.'],
  ['hotlist_dropped_total', 'hotlistDropped', 'Entries of the hot list that the device said it had dropped.'],
]

/** Charts of the pool: what fills each device, who is refused, and the race between growth and what is taken off. */
import type { ActorId } from '#shared/actor.ts'
import { REFUSAL_REASONS } from '#shared/messages.ts'
import { COLOURS } from '../chart.ts'
import type { Curve, Figure } from './figure.ts'
import { figureOf } from './figures.ts'
import { type Mark, marksFor } from './marks.ts'
import type { Measure } from './measure.ts'
import { OTHERS, type Palette, worst } from './palette.ts'
import type { RunRecord } from './record.ts'
import { type Points, pointsFrom, rateOf, withoutZeros } from './series.ts'

/** The devices of which there are charts: all if they are few, else those that came nearest to being full. */
export function shownDevices({ verdict }: RunRecord): ActorId[] {
  return worst(Object.keys(verdict.devices), (id) => -figureOf(verdict.devices[id], 'minHeadroomBytes'))
}

export function fillOf(record: RunRecord, palette: Palette, device: ActorId, marks: readonly Mark[]): Figure | undefined {
  const metrics = record.metrics(device)
  const used = metrics?.values('usedBytes')
  if (metrics === undefined || used === undefined) return undefined
  const { seconds } = metrics
  const areas: Curve[] = palette.stack(device).flatMap(({ host, colour }) => {
    const values = metrics.values(`byHost.${host}.usedBytes`)
    return values ? { name: host, colour, points: { seconds, values } } : []
  })
  const rest = used.map((value, i) => value - areas.reduce((sum, { points }) => sum + points.values[i]!, 0))
  if (rest.some((value) => value > 0)) areas.push({ name: 'other hosts', colour: OTHERS, points: { seconds, values: rest } })
  const zeroing = metrics.values('pendingZeroBytes')
  if (zeroing?.some((value) => value > 0)) {
    areas.push({ name: 'released, not yet zeroed', colour: OTHERS, points: { seconds, values: zeroing } })
  }
  const spec = record.scenario.devices[device]
  return {
    title: 'Physical capacity by host',
    subject: device,
    measure: 'bytes',
    areas,
    levels: spec
      ? [
          { name: 'physical', value: spec.physical },
          { name: `interrupt up: ${percent(spec.low)} left`, value: spec.physical * (1 - spec.low) },
          ...(spec.high > spec.low
            ? [{ name: `interrupt down: ${percent(spec.high)} left`, value: spec.physical * (1 - spec.high) }]
            : []),
        ]
      : [],
    marks: marksFor(marks, device, record.scenario),
    note: 'What is free below the line “physical” is the headroom.',
  }
}

/**
 * What promotion and reclaim take off a device, against what demotion and writes put on. The metrics count pages, so bytes are
 * pages times the mean stored size of the host's pages then; a host of several devices is shared out by the pages it has on each.
 */
export function raceOf(record: RunRecord, device: ActorId, marks: readonly Mark[]): Figure | undefined {
  const metrics = record.metrics(device)
  const used = metrics?.points('usedBytes')
  if (metrics === undefined || used === undefined) return undefined
  const net = rateOf(used)
  const promoted = new Float64Array(net.values.length)
  const reclaimed = new Float64Array(net.values.length)
  for (const [host, { devices }] of Object.entries(record.scenario.hosts)) {
    if (!devices.includes(device)) continue
    addTaken(record, device, host, 'promoted', promoted)
    addTaken(record, device, host, 'swappedOutPooled', reclaimed)
  }
  const { seconds } = net
  const from = beforeAttack(record)
  const since = (values: Float64Array): Points => pointsFrom({ seconds, values }, from)
  const grown = promoted.map((value, i) => value + reclaimed[i]! + net.values[i]!)
  return {
    title: 'The race: growth against what is taken off',
    subject: device,
    measure: 'bytes/s',
    areas: [
      { name: 'taken off by promotion', colour: COLOURS[2], points: since(promoted) },
      { name: 'by reclaim (swap-out)', colour: COLOURS[5], points: since(reclaimed) },
    ],
    lines: [{ name: 'growth by demotion and writes', colour: COLOURS[1], points: since(grown) }],
    marks: marksFor(marks, device, record.scenario),
    fromSeconds: from,
    note: 'Where the line is above the areas, the device fills. Bytes taken off are pages at the mean stored size of their host.',
  }
}

/** The pool's first filling would dwarf a race that comes later: a tenth of the run before the attack is enough. */
function beforeAttack({ events, verdict }: RunRecord): number {
  const attack = events.find(({ code }) => code === 'attack')
  return attack === undefined ? 0 : Math.max(0, attack.seconds - verdict.virtualSeconds / 10)
}

function addTaken(record: RunRecord, device: ActorId, host: ActorId, counter: string, sum: Float64Array): void {
  const pages = record.metrics(host)?.rate(counter)
  const metrics = record.metrics(device)!
  const bytes = metrics.values(`byHost.${host}.usedBytes`)
  const stored = metrics.values(`byHost.${host}.storedPages`)
  if (!pages || !bytes || !stored || pages.values.length !== sum.length) return
  const others = record.scenario.hosts[host]!.devices.filter((id) => id !== device).flatMap(
    (id) => record.metrics(id)?.values(`byHost.${host}.storedPages`) ?? [],
  )
  for (let i = 0; i < sum.length; i++) {
    // Before the step there are pages even if it took all of them.
    const mine = stored[i]! + stored[i + 1]!
    const all = others.reduce((total, elsewhere) => total + elsewhere[i]! + elsewhere[i + 1]!, mine)
    if (mine > 0) sum[i]! += pages.values[i]! * ((bytes[i]! + bytes[i + 1]!) / mine) * (mine / all) || 0
  }
}

/** By reason, for a device that refused at all. */
export function refusalsOf(record: RunRecord, device: ActorId, marks: readonly Mark[]): Figure {
  const metrics = record.metrics(device)
  const areas = REFUSAL_REASONS.flatMap((reason, i): Curve[] => {
    const points = metrics?.rate(`refused.${reason}`)
    return points && figureOf(record.verdict.devices[device], `refused.${reason}`) > 0
      ? [{ name: reason, colour: COLOURS[i]!, points }]
      : []
  })
  return {
    title: 'Refused demotions by reason, pages',
    subject: device,
    measure: 'count/s',
    areas,
    marks: marksFor(marks, device, record.scenario),
  }
}

/** One curve for each device. */
export function deviceFigures(record: RunRecord, devices: readonly ActorId[], marks: readonly Mark[]): Figure[] {
  const chart = (title: string, measure: Measure, points: (id: ActorId) => Points | undefined, note?: string): Figure => ({
    title,
    measure,
    lines: devices.flatMap((name, i) => {
      const found = points(name)
      return found ? [{ name, colour: COLOURS[i]!, points: found }] : []
    }),
    marks,
    ...(note !== undefined && { note }),
  })
  const column = (name: string) => (id: ActorId) => record.metrics(id)?.points(name)
  return [
    chart('Headroom', 'bytes', column('headroomBytes'), 'Physical capacity that is neither used nor waiting to be zeroed.'),
    chart(
      'Compression ratio',
      'ratio',
      (id) => withoutZeros(column('compressionRatio')(id)),
      'Bytes of pages over bytes that they take.',
    ),
    chart('Load', 'fraction', column('utilisation'), 'Utilisation of the device’s bandwidth at the sample.'),
    chart('Read latency, mean since the start', 'ns', (id) => withoutZeros(column('readNs.mean')(id))),
  ]
}

function percent(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(3))} %`
}

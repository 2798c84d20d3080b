/** A device: what fills its physical capacity, how the race on it stands, and how it is doing. */
import { formatBytes, formatByteRate, formatCount, formatPercentage } from '#shared/units.ts'
import { Chart } from './chart.ts'
import { hueOf } from './colours.ts'
import { element, setState, setStyle, setText } from './dom.ts'
import { swatch } from './host-view.ts'
import { type Race, raceOf, raceSeries } from './race.ts'
import { ShareView } from './share-view.ts'
import type { Desk } from './view.ts'

const REASONS = ['full', 'pressure', 'share', 'offline', 'incompressible'] as const
/** DevLoad classes (FACTS 6) by the utilisation from which each is meant, as in services/device/load.ts. */
const LOADS = [
  [0.9, 'severe'],
  [0.7, 'moderate'],
  [0.25, 'optimal'],
  [0, 'light'],
] as const
const LEGEND_MAX = 8
/** Share of the physical capacity per second below which the bars of the tug do not fill their line: a trickle is no torrent. */
const TUG_LEAST = 0.002
const FIGURES = ['used', 'headroom', 'to be zeroed', 'ratio', 'load', 'read latency', 'pressure', 'refused', 'poisoned'] as const

export class DeviceView {
  readonly root: HTMLElement
  readonly #id: string
  readonly #desk: Desk
  readonly #hosts: readonly string[]
  readonly #segments: HTMLElement[]
  /** Of the hosts' colours; where there are many, the bar's own label has them. */
  readonly #legend: ReadonlyMap<string, HTMLElement>
  readonly #zeroing = element('i', { class: 'zeroing', title: 'released, not yet zeroed' })
  readonly #bar: HTMLElement
  readonly #figures = new Map<string, HTMLElement>()
  readonly #big = element('p', { class: 'big' })
  readonly #unit = element('p', { class: 'unit' })
  readonly #lead = element('p', { class: 'lead' })
  readonly #tug = element('div', { class: 'tug', 'aria-hidden': 'true' }, element('i'), element('i'))
  readonly #rates = element('p', { class: 'rates' })
  readonly #headroom: Chart
  readonly #speeds: Chart
  readonly #reasons = element('p', { class: 'reasons' })
  /** If it is divided among its hosts. */
  readonly #shares: ShareView | undefined

  constructor(id: string, desk: Desk) {
    this.#id = id
    this.#desk = desk
    const { devices, hosts } = desk.run.status!
    const device = devices[id]!
    this.#hosts = device.hosts
    const order = Object.keys(hosts)
    this.#segments = device.hosts.map((host) => {
      const segment = element('i', { class: 'host-fill', title: host })
      segment.style.setProperty('--hue', String(hueOf(order.indexOf(host))))
      return segment
    })
    this.#legend = new Map(
      device.hosts.slice(0, device.hosts.length > LEGEND_MAX ? 0 : LEGEND_MAX).map((host) => [host, element('b')]),
    )
    const legend = Array.from(this.#legend, ([host, bytes]) => element('span', {}, swatch(order.indexOf(host)), host, ' ', bytes))
    this.#bar = element(
      'div',
      { class: 'bar', role: 'img' },
      element('div', { class: 'track' }, ...this.#segments, this.#zeroing),
      tick(device.lowFraction, 'low'),
      tick(device.highFraction, 'high'),
    )
    const figures = element('dl', { class: 'figures' })
    for (const name of FIGURES) {
      const value = element('dd', { 'data-figure': name })
      this.#figures.set(name, value)
      figures.append(element('div', {}, element('dt', {}, name), value))
    }
    this.#headroom = new Chart(
      {
        title: 'Headroom',
        curves: [{ label: 'free', stroke: (paint) => paint.accent, filled: true }],
        format: formatBytes,
        binary: true,
        height: 170,
        reach: () => [0, device.physicalBytes * device.highFraction * 1.2],
        limits: () => [{ value: device.physicalBytes * device.lowFraction, label: 'low' }],
      },
      desk,
    )
    this.#speeds = new Chart(
      {
        title: 'Fill against drain',
        curves: [
          { label: 'fill', stroke: (paint) => paint.fill, filled: true },
          { label: 'drain', stroke: (paint) => paint.drain, filled: true },
        ],
        format: formatByteRate,
        height: 170,
      },
      desk,
    )
    this.#shares = (device.shares ?? 'none') === 'none' ? undefined : new ShareView(id, desk)
    this.root = element(
      'article',
      { class: 'device card', 'data-device': id, 'aria-label': id },
      element(
        'div',
        { class: 'pool' },
        element(
          'h3',
          {},
          id,
          element(
            'small',
            {},
            `${formatBytes(device.physicalBytes)} physical, ${formatBytes(device.advertisedBytes)} advertised`,
          ),
        ),
        this.#bar,
        element('p', { class: 'legend' }, ...(legend.length > 0 ? legend : [`${device.hosts.length} hosts`])),
        figures,
        this.#reasons,
      ),
      element(
        'div',
        { class: 'duel' },
        element('h4', {}, 'Time to overflow'),
        this.#big,
        this.#unit,
        this.#lead,
        this.#tug,
        this.#rates,
      ),
      element('div', { class: 'charts' }, this.#headroom.root, this.#speeds.root),
      this.#shares?.root,
    )
  }

  update(): Race | undefined {
    const { run } = this.#desk
    const race = raceOf(run, this.#id)
    this.#fillBar()
    this.#fillFigures()
    this.#race(race)
    this.#headroom.update(run.times, () => [run.values(this.#id, 'headroomBytes')])
    this.#speeds.update(run.times, () => {
      const { fill, drain } = raceSeries(run, this.#id)
      return [fill, drain]
    })
    this.#shares?.update()
    return race
  }

  repaint(how: 'theme' | 'marks'): void {
    for (const chart of [this.#headroom, this.#speeds])
      if (how === 'theme') chart.restyle()
      else chart.redraw()
    this.#shares?.repaint(how)
  }

  #fillBar(): void {
    const { run } = this.#desk
    const { physicalBytes } = run.status!.devices[this.#id]!
    const share = (bytes: number): string => `${((bytes / physicalBytes) * 100).toFixed(2)}%`
    const held = this.#hosts.map((host) => run.value(this.#id, `byHost.${host}.usedBytes`) ?? 0)
    for (const [i, segment] of this.#segments.entries()) setStyle(segment, 'width', share(held[i]!))
    setStyle(this.#zeroing, 'width', share(run.value(this.#id, 'pendingZeroBytes') ?? 0))
    for (const [i, host] of this.#hosts.entries()) {
      const bytes = this.#legend.get(host)
      if (bytes) setText(bytes, formatBytes(held[i]!))
    }
    const words = this.#hosts.map((host, i) => `${host} ${formatBytes(held[i]!)}`).join(', ')
    const label = `${this.#id}: ${words} of ${formatBytes(physicalBytes)}`
    if (this.#bar.getAttribute('aria-label') !== label) this.#bar.setAttribute('aria-label', label)
  }

  #fillFigures(): void {
    const { run } = this.#desk
    const value = (key: string): number | undefined => run.value(this.#id, key)
    this.#set('used', value('usedBytes'), formatBytes)
    this.#set('headroom', value('headroomBytes'), formatBytes)
    this.#set('to be zeroed', value('pendingZeroBytes'), formatBytes)
    this.#set('ratio', value('compressionRatio'), (ratio) => `${ratio.toFixed(2)} : 1`)
    const load = value('utilisation')
    const name = load === undefined ? '' : (LOADS.find(([from]) => load >= from) ?? LOADS[3])[1]
    this.#set('load', load, (fraction) => `${formatPercentage(fraction)} ${name}`, name)
    this.#set('read latency', value('readNs.mean'), (ns) => `${formatCount(Math.round(ns))} ns`)
    const pressure = value('pressure')
    this.#set('pressure', pressure, (level) => (level > 0 ? 'pressed' : 'at ease'), pressure ? 'alarm' : 'calm')
    const refused = REASONS.map(
      (reason) => [reason, value(`refused.${reason}`) ?? 0, run.rate(this.#id, `refused.${reason}`) ?? 0] as const,
    )
    const rate = refused.reduce((sum, [, , each]) => sum + each, 0)
    const total = refused.reduce((sum, [, count]) => sum + count, 0)
    this.#set('refused', total, formatCount, rate > 0 ? 'warn' : '')
    this.#set('poisoned', value('poisonedPages'), formatCount, (value('poisonedPages') ?? 0) > 0 ? 'alarm' : '')
    const why = refused.filter(([, count]) => count > 0).map(([reason, count]) => `${reason} ${formatCount(count)}`)
    setText(this.#reasons, why.length > 0 ? `refused ${formatCount(Math.round(rate))}/s; so far ${why.join(', ')}` : '')
  }

  #set(name: (typeof FIGURES)[number], value: number | undefined, format: (value: number) => string, state = ''): void {
    const node = this.#figures.get(name)!
    setText(node, value === undefined ? '–' : format(value))
    setState(node, 'value', value === undefined ? '' : String(value))
    setState(node, 'state', state)
  }

  #race(race: Race | undefined): void {
    setState(this.root, 'lead', race?.lead ?? 'level')
    setText(this.#big, race === undefined ? '–' : bigOf(race))
    setText(this.#unit, race === undefined ? 'not enough samples yet' : unitOf(race))
    setText(this.#lead, LEADS[race?.lead ?? 'level'])
    const [fill, drain] = [race?.fill ?? 0, race?.drain ?? 0]
    const all = Math.max(fill + drain, this.#desk.run.status!.devices[this.#id]!.physicalBytes * TUG_LEAST)
    setStyle(this.#tug.children[0] as HTMLElement, 'width', `${((fill / all) * 100).toFixed(1)}%`)
    setStyle(this.#tug.children[1] as HTMLElement, 'width', `${((drain / all) * 100).toFixed(1)}%`)
    setText(this.#rates, `fill ${formatByteRate(fill)} · drain ${formatByteRate(drain)}`)
  }
}

function tick(fraction: number, label: string): HTMLElement {
  const mark = element('b', { class: 'tick' }, element('span', {}, label))
  mark.style.setProperty('left', `${(1 - fraction) * 100}%`)
  return mark
}

const LEADS: Readonly<Record<Race['lead'], string>> = {
  bear: 'The bear is ahead',
  promoter: 'Promotion is ahead',
  level: 'Level',
  over: 'Overflowed',
}

export function bigOf({ lead, secondsToOverflow }: Race): string {
  if (lead === 'over') return '0 s'
  if (lead !== 'bear') return '∞'
  return secondsToOverflow >= 100 ? `${Math.round(secondsToOverflow)} s` : `${secondsToOverflow.toFixed(1)} s`
}

function unitOf({ lead, net }: Race): string {
  if (lead === 'over') return 'there is no room left'
  if (net > 0) return `at the present +${formatByteRate(net)}`
  return net < 0 ? `it empties, −${formatByteRate(-net)}` : 'nothing grows'
}

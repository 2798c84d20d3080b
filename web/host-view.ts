/** The hosts: their DRAM against its watermarks, where else their pages are, and what sharing costs them. */
import { formatBytes, formatCount } from '#shared/units.ts'
import { Chart } from './chart.ts'
import { hueOf } from './colours.ts'
import { type Memo, tormentorOf } from './contention.ts'
import { byId, element, Grid, scroller, setStyle } from './dom.ts'
import { LeakView } from './leak-view.ts'
import { PAGE_BYTES } from './run.ts'
import { type Desk, Turn, type View } from './view.ts'

const HEADS = [
  ['host'],
  ['DRAM', 'active, inactive and free, with the watermarks min, low, high and promo'],
  ['free'],
  ['pooled'],
  ['swapped'],
  ['poisoned', 'pages'],
  ['slowdown', 'elapsed time over work since the start'],
  ['now', 'slowdown of late'],
  ['refused/s', 'pages'],
  ['promoted/s', 'pages'],
  ['declined/s', 'pages'],
  ['write faults/s', 'stores into pages that are mapped read-only'],
  ['access faults/s', 'accesses of pages that are not mapped'],
  ['refused', 'pages since the start'],
  ['kills', 'OOM kills'],
  [
    'suffers with',
    'who grew when it was refused, or read and wrote when its reads were slow, and how closely (1: always); a hint, no proof',
  ],
] as const
const FAULTS = [
  ['write faults/s', 'writeFaults'],
  ['access faults/s', 'accessFaults'],
] as const
/** Correlations cost more than all else, and change slowly. */
const SUFFERING_EVERY_MS = 2000

/** Slowdowns from which a figure is coloured; a matter of taste, as in coldpool watch. */
const SLOW = 1.1
const VERY_SLOW = 1.5

interface Dram {
  readonly active: HTMLElement
  readonly inactive: HTMLElement
}

export class HostView implements View {
  readonly #desk: Desk
  readonly #turn = new Turn()
  #grid: Grid | undefined
  #drams = new Map<string, Dram>()
  #charts: readonly (readonly [chart: Chart, key: string | undefined])[] = []
  #leaks: LeakView | undefined
  #sufferedMs = -Infinity

  constructor(desk: Desk) {
    this.#desk = desk
  }

  get #hosts(): string[] {
    return Object.keys(this.#desk.run.status?.hosts ?? {})
  }

  build(): void {
    const hosts = this.#hosts
    const grid = new Grid('Hosts', HEADS, hosts, (host) => swatch(hosts.indexOf(host)))
    this.#grid = grid
    this.#drams = new Map(hosts.map((host) => [host, this.#dram(host, grid.cell(host, 'DRAM'))]))
    const curves = hosts.map((label, i) => ({ label, stroke: (paint: { host: (index: number) => string }) => paint.host(i) }))
    const chart = (title: string, format: (value: number) => string, key?: string) =>
      [
        new Chart(
          { title, curves, format, height: 128, ...(key === undefined && { reach: () => [1, 1.02] as const }) },
          this.#desk,
        ),
        key,
      ] as const
    this.#charts = [
      chart('Slowdown of late', (value) => `${Number(value.toFixed(3))}×`),
      chart('Refused, pages/s', formatCount, 'refused'),
      chart('Promoted, pages/s', formatCount, 'promoted'),
    ]
    this.#leaks = new LeakView(hosts, this.#desk)
    byId('hosts-body').replaceChildren(
      element('div', { class: 'card' }, scroller('Hosts', grid.root)),
      element('div', { class: 'card charts three' }, ...this.#charts.map(([{ root }]) => root)),
      this.#leaks.root,
    )
    this.#sufferedMs = -Infinity
  }

  update(): void {
    const { run } = this.#desk
    if (this.#turn.due(this.#desk, this.#drams.size)) {
      for (const host of this.#hosts) this.#row(host)
      for (const [column, key] of FAULTS)
        this.#grid!.show(
          column,
          this.#hosts.some((host) => (run.value(host, key) ?? 0) > 0),
        )
    }
    this.#suffer()
    this.#leaks?.update()
    for (const [chart, key] of this.#charts) {
      chart.update(run.times, () =>
        this.#hosts.map((host) => (key === undefined ? slowdowns(this.#desk, host) : run.rates(host, key))),
      )
    }
  }

  repaint(how: 'theme' | 'marks'): void {
    for (const [chart] of this.#charts)
      if (how === 'theme') chart.restyle()
      else chart.redraw()
    this.#leaks?.repaint(how)
  }

  #suffer(): void {
    const { run } = this.#desk
    if (run.status?.state === 'running' && performance.now() - this.#sufferedMs < SUFFERING_EVERY_MS) return
    this.#sufferedMs = performance.now()
    const memo: Memo = new Map()
    for (const host of this.#hosts) {
      const worst = tormentorOf(run, host, memo)
      this.#grid!.set(
        host,
        'suffers with',
        worst === undefined ? '–' : `${worst.host} ${worst.r.toFixed(2)}, ${worst.by}`,
        worst?.r,
      )
    }
  }

  #row(host: string): void {
    const { run } = this.#desk
    const grid = this.#grid!
    const show = (column: string, value: number | undefined, format: (value: number) => string, state = ''): void =>
      grid.set(host, column, value === undefined ? '–' : format(value), value, value ? state : 'zero')
    const free = run.value(host, 'freePages')
    show('free', free === undefined ? undefined : free * PAGE_BYTES, formatBytes)
    show('pooled', run.value(host, 'pooledBytes'), formatBytes)
    show('swapped', run.value(host, 'swappedBytes'), formatBytes)
    show('poisoned', run.value(host, 'pages.poisoned'), formatCount, 'alarm')
    const slowdown = run.value(host, 'slowdown')
    show('slowdown', slowdown, times, slowness(slowdown))
    const [elapsed, work] = ['elapsedSeconds', 'workSeconds'].map((key) => run.rate(host, key, 1))
    const late = elapsed !== undefined && work !== undefined && work > 0 ? Math.max(1, elapsed / work) : undefined
    show('now', late, times, slowness(late))
    for (const key of ['refused', 'promoted', 'declined']) {
      const rate = run.rate(host, key)
      show(`${key}/s`, rate === undefined ? undefined : Math.round(rate), formatCount, key === 'promoted' ? '' : 'warn')
    }
    for (const [column, key] of FAULTS) {
      const rate = run.rate(host, key)
      show(column, rate === undefined ? undefined : Math.round(rate), formatCount)
    }
    show('refused', run.value(host, 'refused'), formatCount)
    show('kills', run.value(host, 'oomKills'), formatCount, 'alarm')
    const { memoryBytes } = run.status!.hosts[host]!
    const { active, inactive } = this.#drams.get(host)!
    const width = (key: string): string => `${((((run.value(host, key) ?? 0) * PAGE_BYTES) / memoryBytes) * 100).toFixed(2)}%`
    setStyle(active, 'width', width('dram.activePages'))
    setStyle(inactive, 'width', width('dram.inactivePages'))
  }

  /** Free DRAM is at the right, so a watermark stands where that much would still be free. */
  #dram(host: string, cell: HTMLElement): Dram {
    const { memoryBytes, watermarks } = this.#desk.run.status!.hosts[host]!
    const [active, inactive] = [element('i', { class: 'active' }), element('i', { class: 'inactive' })]
    const marks = Object.entries(watermarks).map(([name, bytes]) => {
      const mark = element('b', { title: `${name.replace('Bytes', '')} ${formatBytes(bytes)}` })
      mark.style.setProperty('left', `${(1 - bytes / memoryBytes) * 100}%`)
      return mark
    })
    const label = `DRAM of ${formatBytes(memoryBytes)}; the free part stands in the next column`
    cell.append(element('div', { class: 'dram', role: 'img', 'aria-label': label }, active, inactive, ...marks))
    return { active, inactive }
  }
}

export function swatch(index: number): HTMLElement {
  const mark = element('i', { class: 'swatch host-swatch', 'aria-hidden': 'true' })
  mark.style.setProperty('--hue', String(hueOf(index)))
  return mark
}

function slowdowns({ run }: Desk, host: string) {
  const [elapsed, work] = [run.rates(host, 'elapsedSeconds', 1), run.rates(host, 'workSeconds', 1)]
  return elapsed.map((time, i) => (time === null || !work[i] ? null : Math.max(1, time / work[i])))
}

function times(value: number): string {
  return `${value.toFixed(3)}×`
}

function slowness(value = 1): string {
  return value >= VERY_SLOW ? 'alarm' : value >= SLOW ? 'warn' : ''
}

/** The promoters: what they know, and what the simulator knows that they do not: which pages were truly hot. */
import { formatCount, formatPercentage, formatTime } from '#shared/units.ts'
import { Chart } from './chart.ts'
import { byId, element, Grid, scroller, setStyle } from './dom.ts'
import { swatch } from './host-view.ts'
import { type Desk, Turn, type View } from './view.ts'

const HEADS = [
  ['promoter'],
  ['host'],
  ['known hot', 'pages that it holds for hot and has not ordered yet'],
  ['hot now', 'pages on devices that are truly hot at this moment, whoever knows it'],
  ['episodes', 'times that a page was hot while it was on a device'],
  ['coverage', 'share of the episodes that a promotion ended'],
  ['accuracy', 'share of the ordered pages that were hot'],
  ['lateness', 'mean time from when a page was hot until it was home'],
  ['ordered', 'pages'],
  ['ordered/s', 'pages'],
  ['home', 'pages'],
  ['declined', 'pages'],
  ['put off', 'by the rate limit; once for each time'],
  ['dropped', 'hot units that the device reported as lost'],
] as const

export class PromoterView implements View {
  readonly #desk: Desk
  readonly #turn = new Turn()
  #grid: Grid | undefined
  #charts: readonly (readonly [Chart, string])[] = []
  #known: Chart | undefined

  constructor(desk: Desk) {
    this.#desk = desk
  }

  get #promoters(): [string, string][] {
    return Object.entries(this.#desk.run.status?.promoters ?? {}).map(([id, { host }]) => [id, host])
  }

  build(): void {
    const hosts = Object.keys(this.#desk.run.status?.hosts ?? {})
    const of = Object.fromEntries(this.#promoters)
    if (this.#promoters.length === 0) {
      this.#grid = undefined
      this.#charts = []
      this.#known = undefined
      return byId('promoters-body').replaceChildren(element('p', { class: 'card note' }, 'This run has no promoters.'))
    }
    this.#grid = new Grid('Promoters', HEADS, Object.keys(of), (id) => swatch(hosts.indexOf(of[id]!)))
    for (const [id, host] of this.#promoters) this.#grid.set(id, 'host', host)
    const curves = this.#promoters.map(([label, host]) => ({
      label,
      stroke: (paint: { host: (i: number) => string }) => paint.host(hosts.indexOf(host)),
    }))
    this.#charts = [
      [
        new Chart({ title: 'Coverage', curves, format: formatPercentage, height: 128, reach: () => [0, 1] }, this.#desk),
        'truth.coverage',
      ],
      [
        new Chart({ title: 'Lateness', curves, format: (ms) => formatTime(ms * 1e6), height: 128 }, this.#desk),
        'truth.latenessMs',
      ],
    ]
    this.#known = new Chart(
      {
        title: 'Hot pages on devices',
        curves: [
          { label: 'in truth', stroke: (paint) => paint.fill, filled: true },
          { label: 'held for hot', stroke: (paint) => paint.drain },
        ],
        format: formatCount,
        height: 128,
      },
      this.#desk,
    )
    byId('promoters-body').replaceChildren(
      element('div', { class: 'card' }, scroller('Promoters', this.#grid.root)),
      element('div', { class: 'card charts three' }, this.#known.root, ...this.#charts.map(([{ root }]) => root)),
    )
  }

  update(): void {
    const { run } = this.#desk
    for (const [chart, key] of this.#charts)
      chart.update(run.times, () => this.#promoters.map(([, host]) => run.values(host, key)))
    this.#known?.update(run.times, () => [
      run.total(this.#promoters.map(([, host]) => [host, 'truth.hotPages'])),
      run.total(this.#promoters.map(([id]) => [id, 'pending'])),
    ])
    if (!this.#turn.due(this.#desk, this.#promoters.length)) return
    for (const [id, host] of this.#promoters) {
      const show = (column: string, value: number | undefined, format: (value: number) => string, state = ''): void =>
        this.#grid!.set(id, column, value === undefined ? '–' : format(value), value, value ? state : 'zero')
      show('known hot', run.value(id, 'pending'), formatCount)
      show('hot now', run.value(host, 'truth.hotPages'), formatCount)
      show('episodes', run.value(host, 'truth.episodes'), formatCount)
      for (const key of ['coverage', 'accuracy']) {
        const share = run.value(host, `truth.${key}`)
        show(key, share, formatPercentage)
        const cell = this.#grid!.cell(id, key)
        cell.classList.add('gauge')
        setStyle(cell, '--share', `${((share ?? 0) * 100).toFixed(1)}%`)
      }
      show('lateness', run.value(host, 'truth.latenessMs'), (ms) => formatTime(ms * 1e6))
      const rate = run.rate(id, 'ordered', 1)
      show('ordered/s', rate === undefined ? undefined : Math.round(rate), formatCount)
      for (const key of ['ordered', 'home', 'declined'])
        show(key, run.value(id, key), formatCount, key === 'declined' ? 'warn' : '')
      show('put off', run.value(id, 'rateLimited'), formatCount)
      show('dropped', run.value(id, 'hotlistDropped'), formatCount, 'warn')
    }
  }

  repaint(how: 'theme' | 'marks'): void {
    for (const chart of [...this.#charts.map(([each]) => each), ...(this.#known ? [this.#known] : [])])
      if (how === 'theme') chart.restyle()
      else chart.redraw()
  }
}

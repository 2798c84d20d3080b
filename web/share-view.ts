/** A device that is divided among its hosts: what each may take, what it claims, and what became of those who took more. */
import { formatBytes, formatCount, formatPercentage, formatTime } from '#shared/units.ts'
import { Chart } from './chart.ts'
import { element, Grid, scroller, setStyle } from './dom.ts'
import { swatch } from './host-view.ts'
import type { Series } from './run.ts'
import { type Desk, Turn } from './view.ts'

const HEADS = [
  ['host'],
  ['share', 'its limit, or its part while the device is short'],
  ['claimed', 'used, and released but not zeroed yet'],
  ['of share'],
  ['overdraws', 'times that writes went beyond the share'],
  ['pauses', 'times that its writers were paused'],
  ['paused', 'time that its writers stood still, on all its devices'],
  ['pressed', 'whether it was told to take less'],
] as const

export class ShareView {
  readonly root: HTMLElement
  readonly #id: string
  readonly #desk: Desk
  readonly #hosts: readonly string[]
  readonly #grid: Grid
  readonly #chart: Chart
  readonly #turn = new Turn()

  constructor(id: string, desk: Desk) {
    this.#id = id
    this.#desk = desk
    const { devices, hosts } = desk.run.status!
    const { hosts: tenants, shares = 'none' } = devices[id]!
    const order = Object.keys(hosts)
    this.#hosts = tenants
    this.#grid = new Grid(`Shares of ${id}`, HEADS, tenants, (host) => swatch(order.indexOf(host)))
    const curves = tenants.map((label) => ({
      label,
      stroke: (paint: { host: (index: number) => string }) => paint.host(order.indexOf(label)),
    }))
    this.#chart = new Chart(
      {
        title: 'Claimed of the share',
        curves,
        format: formatPercentage,
        height: 150,
        reach: () => [0, 1.05],
        limits: () => [{ value: 1, label: 'share' }],
      },
      desk,
    )
    this.root = element(
      'div',
      { class: 'shares', 'data-shares': id },
      element('div', {}, element('h4', {}, `Shares: ${shares}`), scroller(`Shares of ${id}`, this.#grid.root)),
      this.#chart.root,
    )
  }

  update(): void {
    const { run } = this.#desk
    this.#chart.update(run.times, () => this.#hosts.map((host) => this.#claimed(host)))
    if (!this.#turn.due(this.#desk, this.#hosts.length)) return
    for (const host of this.#hosts) {
      const value = (key: string): number | undefined => run.value(this.#id, `byHost.${host}.${key}`)
      const show = (column: string, shown: number | undefined, format: (shown: number) => string, state = ''): void =>
        this.#grid.set(host, column, shown === undefined ? '–' : format(shown), shown, shown ? state : 'zero')
      const [share, taken, pressure] = ['shareBytes', 'takenBytes', 'pressure'].map(value)
      show('share', share, formatBytes)
      show('claimed', taken, formatBytes)
      const fraction = share !== undefined && share > 0 && taken !== undefined ? taken / share : undefined
      show('of share', fraction, formatPercentage, (fraction ?? 0) > 1 ? 'alarm' : '')
      const cell = this.#grid.cell(host, 'of share')
      cell.classList.add('gauge')
      setStyle(cell, '--share', `${Math.min(100, (fraction ?? 0) * 100).toFixed(1)}%`)
      show('overdraws', value('overdraws'), formatCount, 'warn')
      show('pauses', value('pauses'), formatCount, 'alarm')
      show('paused', run.value(host, 'pausedSeconds'), (seconds) => formatTime(seconds * 1e9), 'alarm')
      show('pressed', pressure, (level) => (level > 0 ? 'pressed' : 'at ease'), 'warn')
    }
  }

  repaint(how: 'theme' | 'marks'): void {
    if (how === 'theme') this.#chart.restyle()
    else this.#chart.redraw()
  }

  #claimed(host: string): Series {
    const { run } = this.#desk
    const shares = run.values(this.#id, `byHost.${host}.shareBytes`)
    return run
      .values(this.#id, `byHost.${host}.takenBytes`)
      .map((taken, i) => (taken === null || !shares[i] ? null : taken / shares[i]))
  }
}

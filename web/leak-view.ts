/** What landed on devices that was never asked for: leaks by kind over time, and by host. Shown once there are any. */
import { formatBytes } from '#shared/units.ts'
import { Chart } from './chart.ts'
import type { Paint } from './colours.ts'
import { element, Grid, scroller } from './dom.ts'
import { swatch } from './host-view.ts'
import { PAGE_BYTES } from './run.ts'
import { type Desk, Turn } from './view.ts'

const KINDS = [
  ['anon', 'anonymous'],
  ['pageCache', 'page cache'],
  ['kernel', 'kernel'],
] as const
const HEADS = [
  ['host'],
  ...KINDS.flatMap(([, name]) => [[name, 'since the start'] as const, [`${name} now`, 'still on a device'] as const]),
] as const

export class LeakView {
  readonly root: HTMLElement
  readonly #desk: Desk
  readonly #hosts: readonly string[]
  readonly #grid: Grid
  readonly #chart: Chart
  readonly #turn = new Turn()

  constructor(hosts: readonly string[], desk: Desk) {
    this.#desk = desk
    this.#hosts = hosts
    this.#grid = new Grid('Leaks', HEADS, hosts, (host) => swatch(hosts.indexOf(host)))
    const strokes: readonly ((paint: Paint) => string)[] = [({ accent }) => accent, ({ fill }) => fill, ({ alarm }) => alarm]
    const curves = KINDS.map(([, label], i) => ({ label, stroke: strokes[i]! }))
    this.#chart = new Chart(
      { title: 'Leaked onto devices, all hosts', curves, format: formatBytes, height: 150, binary: true },
      desk,
    )
    this.root = element(
      'div',
      { class: 'card shares', id: 'leaks', hidden: true },
      element('div', {}, element('h3', {}, 'Leaks'), scroller('Leaks', this.#grid.root)),
      this.#chart.root,
    )
  }

  update(): void {
    const { run } = this.#desk
    this.#chart.update(run.times, () =>
      KINDS.map(([kind]) =>
        run.total(this.#hosts.map((host) => [host, `leaked.${kind}`])).map((pages) => pages && pages * PAGE_BYTES),
      ),
    )
    if (!this.#turn.due(this.#desk, this.#hosts.length)) return
    let any = 0
    for (const host of this.#hosts) {
      for (const [kind, name] of KINDS) {
        const show = (column: string, pages: number | undefined): void =>
          this.#grid.set(host, column, pages === undefined ? '–' : formatBytes(pages * PAGE_BYTES), pages, pages ? '' : 'zero')
        const leaked = run.value(host, `leaked.${kind}`)
        show(name, leaked)
        show(`${name} now`, run.value(host, `origin.${kind}`))
        any += leaked ?? 0
      }
    }
    this.root.hidden = any === 0
  }

  repaint(how: 'theme' | 'marks'): void {
    if (how === 'theme') this.#chart.restyle()
    else this.#chart.redraw()
  }
}

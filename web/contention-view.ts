/** Two matrices: who fills whose pool, and whose refusals or latency rise when whose bytes grow. */
import { formatBytes } from '#shared/units.ts'
import { correlationOf, type Memo, sharedDevices, type Suffering } from './contention.ts'
import { byId, element, Grid, scroller, setStyle, setText } from './dom.ts'
import { swatch } from './host-view.ts'
import type { Desk, View } from './view.ts'

/** Correlations cost more than all else here, and change slowly. */
const EVERY_MS = 1000
/** A larger matrix would not be read; the hosts with most in the pools stand for the others. */
const HOSTS_MAX = 16

export class ContentionView implements View {
  readonly #desk: Desk
  #shares: Grid | undefined
  #pairs: Grid | undefined
  #victims: readonly string[] = []
  #by: Suffering = 'refusals'
  #countedMs = -Infinity
  readonly #note = element('p', { class: 'note' })

  constructor(desk: Desk) {
    this.#desk = desk
  }

  build(): void {
    const { hosts = {}, devices = {} } = this.#desk.run.status ?? {}
    const names = Object.keys(hosts)
    const mark = (host: string): HTMLElement => swatch(names.indexOf(host))
    this.#shares = new Grid(
      'Bytes that each host holds on each device',
      [['host'], ...Object.keys(devices).map((id) => [id] as const)],
      names,
      mark,
    )
    this.#victims = this.#heaviest(names)
    this.#pairs = new Grid(
      'How the suffering of the host in the row goes with the growth or the traffic of the host in the column',
      [['suffers ↓ with →'], ...this.#victims.map((id) => [id] as const)],
      this.#victims,
      mark,
    )
    const choice = (by: Suffering, label: string): HTMLElement => {
      const input = element('input', { type: 'radio', name: 'suffering', value: by, checked: by === this.#by })
      input.addEventListener('change', () => {
        this.#by = by
        this.#countedMs = -Infinity
        this.update()
      })
      return element('label', {}, input, ` ${label}`)
    }
    const more = names.length - this.#victims.length
    byId('contention-body').replaceChildren(
      element(
        'div',
        { class: 'card' },
        element('h3', {}, 'Who fills whose pool'),
        scroller('Who fills whose pool', this.#shares.root),
      ),
      element(
        'div',
        { class: 'card' },
        element('h3', {}, 'Who suffers with whom'),
        element(
          'fieldset',
          { class: 'choices' },
          element('legend', { class: 'hidden' }, 'What the host in the row suffers'),
          choice('refusals', 'refusals with growth'),
          choice('latency', 'read latency with traffic'),
        ),
        scroller('Who suffers with whom', this.#pairs.root),
        this.#note,
      ),
    )
    setText(
      this.#note,
      `Correlation over the last samples, −1 to 1: a hint, no proof.${more > 0 ? ` The ${HOSTS_MAX} hosts with most in the pools; ${more} more are left out.` : ''}`,
    )
    this.#countedMs = -Infinity
  }

  update(): void {
    const { run } = this.#desk
    const early = run.status?.state === 'running' && performance.now() - this.#countedMs < EVERY_MS
    if (this.#shares === undefined || early) return
    this.#countedMs = performance.now()
    for (const [device, { hosts, physicalBytes }] of Object.entries(run.status?.devices ?? {})) {
      for (const host of hosts) {
        const bytes = run.value(device, `byHost.${host}.usedBytes`)
        this.#shares.set(host, device, bytes === undefined ? '–' : formatBytes(bytes), bytes)
        heat(this.#shares.cell(host, device), (bytes ?? 0) / physicalBytes, 'share')
      }
    }
    const memo: Memo = new Map()
    for (const victim of this.#victims) for (const other of this.#victims) this.#pair(victim, other, memo)
  }

  repaint(): void {
    // Nothing here is drawn on a canvas.
  }

  #pair(victim: string, other: string, memo: Memo): void {
    const { run } = this.#desk
    const cell = this.#pairs!.cell(victim, other)
    if (sharedDevices(run, victim, other).length === 0) return this.#pairs!.set(victim, other, '', undefined, 'apart')
    const r = correlationOf(run, victim, other, this.#by, memo)
    this.#pairs!.set(
      victim,
      other,
      r === undefined ? '·' : r.toFixed(2).replace('-0.00', '0.00').replace('-', '−'),
      undefined,
      victim === other ? 'self' : '',
    )
    heat(cell, Math.max(0, r ?? 0), 'suffer')
  }

  #heaviest(names: readonly string[]): readonly string[] {
    if (names.length <= HOSTS_MAX) return names
    const held = (host: string): number => this.#desk.run.value(host, 'pooledBytes') ?? 0
    const chosen = new Set(names.toSorted((x, y) => held(y) - held(x)).slice(0, HOSTS_MAX))
    return names.filter((host) => chosen.has(host))
  }
}

function heat(cell: HTMLElement, fraction: number, kind: 'share' | 'suffer'): void {
  cell.classList.add('heat', kind)
  setStyle(cell, '--heat', `${Math.round(Math.min(1, fraction) * 100)}%`)
}

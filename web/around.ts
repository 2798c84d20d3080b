/** What was around a moment: the events within a second of it, and the figures before, then and after. */
import { formatBytes, formatCount, formatPercentage } from '#shared/units.ts'
import { element, scroller } from './dom.ts'
import { wordsOf } from './mark-words.ts'
import type { Desk } from './view.ts'

const SPAN_SECONDS = 1
const MARKS_MAX = 12

export class Around {
  readonly root = element('div', {
    class: 'around',
    tabindex: -1,
    role: 'region',
    'aria-label': 'Around the chosen moment',
    hidden: true,
  })
  readonly #desk: Desk
  #shown: string | undefined

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** What comes after the moment may still be on its way. */
  update(repaint = false): void {
    const moment = this.#desk.moment()
    const { run } = this.#desk
    const complete = moment !== undefined && run.now >= moment + SPAN_SECONDS
    const key = moment === undefined ? undefined : `${run.number} ${moment} ${complete || Math.floor(run.now * 2)}`
    if (key === this.#shown && !repaint) return
    this.#shown = key
    this.root.hidden = moment === undefined
    if (moment !== undefined) this.#show(moment)
  }

  #show(moment: number): void {
    const { run, choose } = this.#desk
    const close = element('button', { type: 'button', class: 'quiet' }, 'Close')
    close.addEventListener('click', () => choose(undefined))
    const near = run.marks.filter((mark) => Math.abs(run.secondsOf(mark) - moment) <= SPAN_SECONDS)
    const words = near
      .slice(0, MARKS_MAX)
      .map((mark) =>
        element('li', {}, element('time', {}, `${run.secondsOf(mark).toFixed(3)} s`), ` ${mark.actor}, ${wordsOf(mark)}`),
      )
    const more = near.length - words.length
    this.root.replaceChildren(
      element('div', { class: 'around-head' }, element('h3', {}, `Around ${moment.toFixed(3)} s`), close),
      words.length === 0 ? element('p', { class: 'note' }, 'Nothing happened within a second.') : element('ul', {}, ...words),
      ...(more > 0 ? [element('p', { class: 'note' }, `and ${more} more`)] : []),
      scroller('Figures around the moment', this.#table(moment)),
    )
  }

  #table(moment: number): HTMLElement {
    const { run } = this.#desk
    const rows = [moment - SPAN_SECONDS, moment, moment + SPAN_SECONDS].map((seconds) =>
      seconds > run.now + 0.05 ? -1 : run.at(seconds),
    )
    const line = (actor: string, name: string, of: (row: number) => string | undefined): HTMLElement => {
      const cells = rows.map((row) => element('td', {}, row < 0 ? '…' : (of(row) ?? '–')))
      return element('tr', {}, element('th', { scope: 'row' }, `${actor} ${name}`), ...cells)
    }
    const value = (actor: string, key: string, format: (value: number) => string) => (row: number) =>
      said(run.value(actor, key, run.rows[row]), format)
    const rate = (actor: string, key: string) => (row: number) =>
      said(run.rate(actor, key, undefined, row), (pages) => `${formatCount(Math.round(pages))}/s`)
    const { devices = {}, hosts = {} } = run.status ?? {}
    const busy = Object.keys(hosts).filter((host) =>
      rows.some(
        (row) => row > 0 && ['refused', 'promoted', 'oomKills'].some((key) => (run.rate(host, key, undefined, row) ?? 0) > 0),
      ),
    )
    return element(
      'table',
      {},
      element('caption', { class: 'hidden' }, 'Before, then and after'),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...['', '1 s before', 'then', '1 s after'].map((head) =>
            head === '' ? element('td') : element('th', { scope: 'col' }, head),
          ),
        ),
      ),
      element(
        'tbody',
        {},
        ...Object.keys(devices).flatMap((id) => [
          line(id, 'headroom', value(id, 'headroomBytes', formatBytes)),
          line(id, 'load', value(id, 'utilisation', formatPercentage)),
        ]),
        ...busy.flatMap((id) => [line(id, 'refused', rate(id, 'refused')), line(id, 'promoted', rate(id, 'promoted'))]),
      ),
    )
  }
}

function said(value: number | undefined, format: (value: number) => string): string | undefined {
  return value === undefined ? undefined : format(value)
}

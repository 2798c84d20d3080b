/** What was around a moment: the events within a second of it, the figures before, then and after, and the mail around a mark. */
import { formatBytes, formatCount, formatPercentage } from '#shared/units.ts'
import { element, scroller } from './dom.ts'
import type { Mark } from '#simulation/dashboard/marks.ts'
import { MailView } from './mail-view.ts'
import { wordsOf } from './mark-words.ts'
import type { Desk } from './view.ts'

const SPAN_SECONDS = 1
const MARKS_MAX = 12

export class Around {
  readonly root = element('div', {
    class: 'around card',
    tabindex: -1,
    role: 'region',
    'aria-label': 'Around the chosen moment',
    hidden: true,
  })
  readonly #desk: Desk
  readonly #mail: MailView
  readonly #figures = element('div', {})
  #shown: string | undefined
  /** Where the focus was when it was given to this panel. */
  #from: HTMLElement | undefined

  constructor(desk: Desk) {
    this.#desk = desk
    this.#mail = new MailView(desk)
    this.root.append(this.#figures, this.#mail.root)
    this.root.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#close()
    })
  }

  /** For who came by keyboard: reading goes on here. */
  focus(): void {
    this.#from = document.activeElement as HTMLElement
    this.root.focus()
  }

  /** What comes after the moment may still be on its way. */
  update(repaint = false): void {
    const moment = this.#desk.moment()
    const mark = this.#desk.mark()
    const { run } = this.#desk
    this.#mail.show(mark)
    const complete = moment !== undefined && run.now >= moment + SPAN_SECONDS
    const key =
      moment === undefined
        ? undefined
        : `${run.number} ${moment} ${mark?.actor} ${mark?.code} ${complete || Math.floor(run.now * 2)}`
    if (key === this.#shown && !repaint) return
    this.#shown = key
    this.root.hidden = moment === undefined
    if (moment !== undefined) this.#show(moment, mark)
  }

  #close(): void {
    this.#desk.choose(undefined)
    // A list that was made anew has another button for the same mark.
    const same = this.#from?.dataset['mark']
    const button = same === undefined ? null : document.querySelector<HTMLElement>(`[data-mark="${CSS.escape(same)}"]`)
    button?.focus()
    this.#from = undefined
  }

  #show(moment: number, mark: Mark | undefined): void {
    const { run } = this.#desk
    const close = element('button', { type: 'button', class: 'quiet' }, 'Close')
    close.addEventListener('click', () => this.#close())
    const near = run.marks.filter((each) => Math.abs(run.secondsOf(each) - moment) <= SPAN_SECONDS)
    const words = near
      .slice(0, MARKS_MAX)
      .map((each) =>
        element('li', {}, element('time', {}, `${run.secondsOf(each).toFixed(3)} s`), ` ${each.actor}, ${wordsOf(each)}`),
      )
    const more = near.length - words.length
    this.#figures.replaceChildren(
      element('div', { class: 'around-head' }, element('h3', {}, `Around ${moment.toFixed(3)} s`), close),
      ...(mark ? [element('p', { class: 'event-words' }, element('b', {}, mark.actor), ` ${wordsOf(mark)}`)] : []),
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

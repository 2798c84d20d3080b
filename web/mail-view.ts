/** The mail around a mark that was chosen: asked of the dashboard, drawn as a sequence, and the same as a table. */
import type { Heard } from '#shared/observe/broadcast.ts'
import type { Mark } from '#simulation/dashboard/marks.ts'
import { element, scroller, setText } from './dom.ts'
import { groupWords, type Sequence, sequenceOf } from './sequence.ts'
import { sequenceChart } from './sequence-chart.ts'
import type { Desk } from './view.ts'

/** More lines than this, and at first only those of the mark's actor are shown. */
const LINES_MANY = 60
/** Mail that is delivered up to two quanta later is told with the quantum in which it is; and then it is on its way. */
const QUANTA_AFTER = 3
const AGAIN_MS = 500

export class MailView {
  readonly root = element('div', { class: 'mail-view' })
  readonly #desk: Desk
  readonly #said = element('p', { class: 'note' })
  readonly #choices = element('fieldset', { class: 'choices' })
  readonly #content = element('div', { class: 'mail-content' })
  #mark: Mark | undefined
  #heard: readonly Heard[] = []
  #wide: boolean | undefined
  #asked: { readonly ms: number; readonly complete: boolean } | undefined

  constructor(desk: Desk) {
    this.#desk = desk
    this.root.append(element('h4', {}, 'Who said what to whom'), this.#choices, this.#said, this.#content)
  }

  /** Undefined: none. Asks again while what belongs to it is on its way. */
  show(mark: Mark | undefined): void {
    if (mark !== this.#mark) {
      this.#mark = mark
      this.#heard = []
      this.#wide = undefined
      this.#asked = undefined
      this.#content.replaceChildren()
      this.#choices.hidden = true
      setText(this.#said, '')
    }
    this.root.hidden = mark === undefined
    if (mark === undefined || this.#asked?.complete === true) return
    if (this.#asked !== undefined && performance.now() - this.#asked.ms < AGAIN_MS) return
    this.#asked = { ms: performance.now(), complete: this.#isOver(mark) }
    void this.#ask(mark)
  }

  #isOver(mark: Mark): boolean {
    const { run } = this.#desk
    return run.status?.state === 'ended' || run.now > run.secondsOf({ ...mark, quantum: mark.quantum + QUANTA_AFTER })
  }

  async #ask(mark: Mark): Promise<void> {
    let heard: readonly Heard[] | undefined
    try {
      const response = await fetch(`/mail?quantum=${mark.quantum}`)
      if (response.ok) heard = (await response.json()) as Heard[]
    } catch {
      // Said below.
    }
    if (mark !== this.#mark) return
    if (heard === undefined) {
      this.#asked = { ms: performance.now(), complete: false }
      return setText(this.#said, 'The dashboard does not answer.')
    }
    const news = heard.length !== this.#heard.length || this.#content.childElementCount === 0
    this.#heard = heard
    if (news) this.#draw(mark)
  }

  #draw(mark: Mark): void {
    const known = this.#heard.some(({ quantum }) => quantum === mark.quantum)
    this.#choices.hidden = !known
    if (!known) {
      this.#content.replaceChildren()
      return setText(
        this.#said,
        'The mail around this event was not kept: of many events of one kind in a second only the first have it, and of a long run the last.',
      )
    }
    const lines = this.#heard.reduce((sum, heard) => sum + heard.lines.length, 0)
    this.#wide ??= lines <= LINES_MANY
    this.#choices.replaceChildren(
      element('legend', { class: 'hidden' }, 'Whose mail is shown'),
      this.#choice(mark, true, `all ${lines} lines`),
      this.#choice(mark, false, `only what ${mark.actor} says and hears`),
    )
    const { run } = this.#desk
    const sequence = sequenceOf(mark, this.#heard, run.marks, orderOf(this.#desk), this.#wide ? undefined : new Set([mark.actor]))
    setText(this.#said, 'An arrow is all mail of a kind from one to another in a quantum, in the order of delivery.')
    const { root, x, y } = sequenceChart(sequence, mark.actor)
    const shown = scroller('Sequence diagram', root)
    this.#content.replaceChildren(
      shown,
      element(
        'details',
        {},
        element('summary', {}, 'The same as a table'),
        scroller('Mail around the event', table(sequence, mark)),
      ),
    )
    shown.scrollTo({ left: x - shown.clientWidth / 2, top: y })
  }

  #choice(mark: Mark, wide: boolean, label: string): HTMLElement {
    const input = element('input', { type: 'radio', name: 'whose-mail', checked: this.#wide === wide })
    input.addEventListener('change', () => {
      this.#wide = wide
      this.#draw(mark)
      this.#choices.querySelector<HTMLInputElement>('input:checked')?.focus()
    })
    return element('label', {}, input, ` ${label}`)
  }
}

function table({ groups }: Sequence, mark: Mark): HTMLElement {
  const heads = ['delivered in', 'from', 'to', 'mail', 'how many', 'pages or units']
  const rows = groups.flatMap((group) =>
    group.lines.map(({ from, to, kind, mails, pages }) =>
      element(
        'tr',
        { 'data-quantum': group.quantum },
        element('th', { scope: 'row' }, groupWords(group)),
        ...[from, to, kind, String(mails), pages > 0 ? String(pages) : ''].map((cell) => element('td', {}, cell)),
      ),
    ),
  )
  return element(
    'table',
    { class: 'mails' },
    element('caption', { class: 'hidden' }, `Mail around ${mark.code} of ${mark.actor}`),
    element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
    element('tbody', {}, ...rows),
  )
}

/** All actors, as the scenario has them. */
function orderOf({ run }: Desk): string[] {
  const { hosts = {}, devices = {}, promoters = {}, workloads = [] } = run.status ?? {}
  return ['conductor', ...[hosts, devices, promoters].flatMap(Object.keys), ...workloads.map(({ id }) => id)]
}

/** What happened when, in lanes by kind and as a list; and what was around a moment that was chosen, here or on a chart. */
import type { Mark } from '#simulation/dashboard/marks.ts'
import { Around } from './around.ts'
import { byId, element, scroller, setText } from './dom.ts'
import { colourOf, KIND_NAMES, type Kind, KINDS, kindOf } from './kinds.ts'
import { Lanes } from './lanes.ts'
import { wordsOf } from './mark-words.ts'
import type { Desk, View } from './view.ts'

/** The newest of those that are shown. */
const LIST_MAX = 80
const LIST_EVERY_MS = 500

export class TimelineView implements View {
  readonly #desk: Desk
  readonly #lanes: Lanes
  readonly #around: Around
  readonly #list = element('ol', { class: 'marks' })
  readonly #count = element('p', { class: 'note' })
  readonly #shown = new Set<Kind>(KINDS)
  #listed: Mark | undefined
  #listedMs = -Infinity

  constructor(desk: Desk) {
    this.#desk = desk
    this.#lanes = new Lanes(desk)
    this.#around = new Around(desk)
    const choices = element(
      'fieldset',
      { class: 'choices' },
      element('legend', { class: 'hidden' }, 'Kinds that are listed'),
      ...KINDS.map((kind) => this.#choice(kind)),
    )
    byId('timeline-body').replaceChildren(
      element(
        'div',
        { class: 'beside' },
        element('div', { class: 'card' }, this.#lanes.root),
        element('div', { class: 'card' }, choices, scroller('Events, the newest first', this.#list), this.#count),
      ),
      this.#around.root,
    )
  }

  build(): void {
    this.#relist()
  }

  update(): void {
    this.#lanes.draw()
    this.#around.update()
    const last = this.#desk.run.marks.at(-1)
    const early = this.#desk.run.status?.state === 'running' && performance.now() - this.#listedMs < LIST_EVERY_MS
    if (last !== this.#listed && !early) this.#relist()
  }

  repaint(): void {
    this.#lanes.draw()
    this.#around.update(true)
  }

  #choice(kind: Kind): HTMLElement {
    const input = element('input', { type: 'checkbox', checked: true })
    input.addEventListener('change', () => {
      if (input.checked) this.#shown.add(kind)
      else this.#shown.delete(kind)
      this.#relist()
    })
    return element('label', {}, input, ` ${KIND_NAMES[kind]}`)
  }

  #relist(): void {
    const { run } = this.#desk
    this.#listed = run.marks.at(-1)
    this.#listedMs = performance.now()
    const wanted = run.marks.filter((mark) => this.#shown.has(kindOf(mark)))
    // The focus must not be lost to a list that is made anew.
    const focused = (document.activeElement as HTMLElement | null)?.dataset['mark']
    const items = wanted
      .slice(-LIST_MAX)
      .toReversed()
      .map((mark) => this.#item(mark))
    this.#list.replaceChildren(...items)
    if (focused !== undefined) this.#list.querySelector<HTMLElement>(`[data-mark="${CSS.escape(focused)}"]`)?.focus()
    setText(
      this.#count,
      wanted.length > LIST_MAX ? `The newest ${LIST_MAX} of ${wanted.length}; events.ndjson in the run folder has all.` : '',
    )
  }

  #item(mark: Mark): HTMLElement {
    const seconds = this.#desk.run.secondsOf(mark)
    const dot = element('i', { class: 'dot', 'aria-hidden': 'true' })
    dot.style.setProperty('--key', colourOf(kindOf(mark), this.#desk.paint()))
    const button = element(
      'button',
      { type: 'button', 'data-mark': `${mark.quantum} ${mark.actor} ${mark.code}` },
      dot,
      element('time', {}, `${seconds.toFixed(3)} s`),
      element('b', {}, mark.actor),
      element('span', {}, wordsOf(mark)),
    )
    button.addEventListener('click', () => {
      this.#desk.choose(mark)
      this.#around.focus()
    })
    return element('li', {}, button)
  }
}

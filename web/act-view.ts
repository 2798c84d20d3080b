/** Acting on the run: a workload starts, a workload leaves. Pause, step and pace stand at the top of the page (transport.ts). */
import type { OperatorAnswer, OperatorRequest } from '#simulation/desk.ts'
import { byId, element, scroller, setState, setText } from './dom.ts'
import { swatch } from './host-view.ts'
import type { Desk, View } from './view.ts'

/** Kinds that need no more than a rate; the field in which a scenario has it, and an example. */
const KINDS = {
  bear: ['rate', '400MB/s', 'overwrites its pooled pages with data that does not compress'],
  scan: ['rate', '400MB/s', 'reads its memory in order, again and again'],
  zipf: ['accesses', '1M/s', 'a few pages are hot, most are cold'],
  uniform: ['accesses', '1M/s', 'all pages alike'],
} as const
type Kind = keyof typeof KINDS

const GONE: ReadonlySet<string> = new Set(['ended', 'failed'])

export async function ask(request: OperatorRequest): Promise<OperatorAnswer> {
  try {
    const response = await fetch('/act', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
    if (response.headers.get('content-type') === 'application/json') return (await response.json()) as OperatorAnswer
    return { error: (await response.text()).trim() }
  } catch {
    return { error: 'the dashboard does not answer' }
  }
}

export class ActView implements View {
  readonly #desk: Desk
  readonly #body = element('tbody')
  readonly #said = element('p', { class: 'said', role: 'status' })
  readonly #host = element('select', { id: 'act-host', name: 'host' })
  readonly #kind = element(
    'select',
    { id: 'act-kind', name: 'kind' },
    ...Object.keys(KINDS).map((kind) => element('option', { value: kind }, kind)),
  )
  readonly #rate = element('input', {
    id: 'act-rate',
    name: 'rate',
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 24,
    value: KINDS.bear[1],
  })
  readonly #size = element('input', {
    id: 'act-size',
    name: 'size',
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 24,
    value: '256MiB',
  })
  readonly #span = element('input', {
    id: 'act-for',
    name: 'for',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 24,
    value: '10s',
    'aria-describedby': 'act-for-hint',
  })
  readonly #hint = element('p', { class: 'note' }, KINDS.bear[2])
  readonly #start = element('button', { type: 'submit', class: 'primary' }, 'Inject')
  #listed = ''

  constructor(desk: Desk) {
    this.#desk = desk
    const form = element(
      'form',
      { id: 'inject', 'aria-label': 'Inject a workload' },
      field('Kind', this.#kind),
      field('Host', this.#host),
      field('Rate', this.#rate),
      field('Size', this.#size),
      field('Leaves after', this.#span),
      this.#start,
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#inject()
    })
    this.#kind.addEventListener('change', () => {
      const [, example, words] = KINDS[this.#kind.value as Kind]
      this.#rate.value = example
      setText(this.#hint, words)
    })
    const heads = ['workload', 'kind', 'host', 'state', ''].map((head) =>
      head === '' ? element('td') : element('th', { scope: 'col' }, head),
    )
    const table = element(
      'table',
      { id: 'workloads' },
      element('caption', { class: 'hidden' }, 'Workloads'),
      element('thead', {}, element('tr', {}, ...heads)),
      this.#body,
    )
    byId('act-body').classList.add('beside')
    byId('act-body').replaceChildren(
      element(
        'div',
        { class: 'card' },
        element('h3', {}, 'Inject a workload'),
        form,
        this.#hint,
        element(
          'p',
          { id: 'act-for-hint', class: 'note' },
          'Times are virtual; empty: it stays until it is stopped. injections.yaml in the run folder records what is injected.',
        ),
        this.#said,
      ),
      element('div', { class: 'card' }, element('h3', {}, 'Workloads'), scroller('Workloads', table)),
    )
  }

  build(): void {
    const hosts = Object.keys(this.#desk.run.status?.hosts ?? {})
    this.#host.replaceChildren(...hosts.map((host) => element('option', { value: host }, host)))
    this.#listed = ''
    setText(this.#said, this.#desk.run.acts ? '' : 'This dashboard only shows: it was given no operator’s rights.')
  }

  update(): void {
    const { status, acts } = this.#desk.run
    if (status === undefined) return
    const able = acts && !GONE.has(status.state)
    this.#start.disabled = !able
    const key = JSON.stringify([able, status.workloads])
    if (key === this.#listed) return
    this.#listed = key
    const hosts = Object.keys(status.hosts)
    this.#body.replaceChildren(
      ...status.workloads.map(({ id, kind, host, state, injected }) => {
        const stop = element('button', { type: 'button', 'aria-label': `Stop ${id}` }, 'Stop')
        stop.disabled = !able || state !== 'present'
        stop.addEventListener('click', () => void this.#stop(id))
        return element(
          'tr',
          { 'data-workload': id },
          element('th', { scope: 'row' }, id),
          element('td', {}, injected ? `${kind}, injected` : kind),
          element('td', {}, swatch(hosts.indexOf(host)), host),
          element('td', { class: `state-${state}` }, state),
          element('td', {}, stop),
        )
      }),
    )
  }

  repaint(): void {
    // Nothing here is drawn on a canvas.
  }

  async #inject(): Promise<void> {
    const kind = this.#kind.value as Kind
    const [rate] = KINDS[kind]
    const stop = this.#span.value.trim()
    const workload = {
      host: this.#host.value,
      kind,
      size: this.#size.value.trim(),
      [rate]: this.#rate.value.trim(),
      ...(stop !== '' && { stop }),
    }
    this.#tell(
      await ask({ command: 'inject', workload }),
      ({ id, seconds }) => `${id} starts on ${workload.host} at ${seconds.toFixed(3)} s`,
    )
  }

  async #stop(id: string): Promise<void> {
    this.#tell(await ask({ command: 'stop', id }), ({ seconds }) => `${id} is told to leave at ${seconds.toFixed(3)} s`)
  }

  #tell(answer: OperatorAnswer, words: (answer: Exclude<OperatorAnswer, { error: string }>) => string): void {
    setState(this.#said, 'state', 'error' in answer ? 'alarm' : 'fine')
    setText(this.#said, 'error' in answer ? answer.error : words(answer))
  }
}

function field(label: string, input: HTMLElement): HTMLElement {
  return element('label', { for: input.id }, element('span', {}, label), input)
}

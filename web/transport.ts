/** The top of the page: which run this is, how far it is, and pause, step and pace for who may. */
import type { Status } from '#shared/observe/broadcast.ts'
import type { OperatorRequest } from '#simulation/desk.ts'
import { ask } from './act-view.ts'
import { byId, setState, setText } from './dom.ts'
import type { Run } from './run.ts'

const STEP_SECONDS = 0.1
const OVER: ReadonlySet<string> = new Set(['ended', 'failed'])

export type Link = 'connecting' | 'open' | 'lost'

export class Transport {
  readonly #run: Run
  readonly #pause = byId('pause') as HTMLButtonElement
  readonly #step = byId('step') as HTMLButtonElement
  readonly #pace = byId('pace') as HTMLSelectElement
  #error = ''

  constructor(run: Run) {
    this.#run = run
    this.#pause.addEventListener(
      'click',
      () => void this.#ask({ command: this.#run.status?.state === 'paused' ? 'resume' : 'pause' }),
    )
    this.#step.addEventListener('click', () => void this.#ask({ command: 'step', seconds: STEP_SECONDS }))
    this.#pace.addEventListener('change', () => void this.#ask({ command: 'pace', pace: Number(this.#pace.value) }))
  }

  update(link: Link): void {
    const { status, acts } = this.#run
    const state = link === 'open' ? (status?.state ?? 'waiting') : link === 'lost' ? 'reconnecting' : 'connecting'
    setText(byId('state'), state)
    setState(byId('state'), 'state', state)
    this.#tell(link, status)
    if (status === undefined) return
    const seconds = Math.max(status.virtualSeconds, this.#run.now)
    setText(
      byId('scenario'),
      `${status.scenario} · seed ${status.seed}${status.generation > 1 ? ` · generation ${status.generation}` : ''}`,
    )
    setText(byId('time'), `${seconds.toFixed(1)} of ${Number(status.totalSeconds.toFixed(1))} s`)
    const progress = byId('progress') as HTMLProgressElement
    progress.value = status.totalSeconds > 0 ? Math.min(1, seconds / status.totalSeconds) : 0
    const title = `${status.state === 'running' ? '' : `${status.state} · `}${status.scenario} · coldpool`
    if (document.title !== title) document.title = title
    byId('transport').hidden = !acts || OVER.has(status.state)
    setText(this.#pause, status.state === 'paused' ? 'Resume' : 'Pause')
    this.#showPace(status.pace)
  }

  /** A pace that is none of those offered is shown as one more. */
  #showPace(pace: number): void {
    if (document.activeElement === this.#pace) return
    const value = String(pace)
    if (!Array.from(this.#pace.options).some((option) => option.value === value)) this.#pace.add(new Option(`${pace}×`, value))
    if (this.#pace.value !== value) this.#pace.value = value
  }

  #tell(link: Link, status: Status | undefined): void {
    const behind =
      status !== undefined && status.behindSeconds >= 1 && status.state === 'running'
        ? `The run is ${status.behindSeconds.toFixed(1)} s behind its pace.`
        : ''
    const silent = status?.stages.filter((stage) => stage.state !== 'live').map(({ name }) => name) ?? []
    const words = [
      link === 'lost' ? 'The connection is lost; the page shows what it last heard and goes on by itself.' : '',
      this.#error,
      status?.remark ?? '',
      silent.length > 0 && status?.remark === '' ? `Nothing is heard of ${silent.slice(0, 5).join(', ')}.` : '',
      behind,
    ].filter((text) => text !== '')
    const notice = byId('notice')
    notice.hidden = words.length === 0
    setText(notice, words.join(' '))
  }

  async #ask(request: OperatorRequest): Promise<void> {
    const answer = await ask(request)
    this.#error = 'error' in answer ? answer.error : ''
  }
}

/** All devices, and above them who is winning: the device that overflows first. */
import { byId, element, setState, setText } from './dom.ts'
import { bigOf, DeviceView } from './device-view.ts'
import type { Race } from './race.ts'
import type { Desk, View } from './view.ts'

export class RaceView implements View {
  readonly #desk: Desk
  readonly #root = byId('devices')
  readonly #hero = byId('hero')
  readonly #big = element('p', { class: 'hero-big' })
  readonly #words = element('p', { class: 'hero-words' })
  #devices: readonly (readonly [string, DeviceView])[] = []

  constructor(desk: Desk) {
    this.#desk = desk
    this.#hero.append(this.#big, this.#words)
  }

  build(): void {
    const ids = Object.keys(this.#desk.run.status?.devices ?? {})
    this.#devices = ids.map((id) => [id, new DeviceView(id, this.#desk)])
    this.#root.replaceChildren(...this.#devices.map(([, view]) => view.root))
    this.#root.classList.toggle('many', ids.length > 4)
  }

  update(): void {
    const races = this.#devices.flatMap(([id, view]) => {
      const race = view.update()
      return race ? [[id, race] as const] : []
    })
    const first = races.toSorted(([, x], [, y]) => urgency(x) - urgency(y))[0]
    setState(this.#hero, 'lead', first?.[1].lead ?? 'level')
    setText(
      this.#big,
      first === undefined ? '–' : first[1].lead === 'bear' || first[1].lead === 'over' ? bigOf(first[1]) : 'holds',
    )
    const ended = this.#desk.run.status?.state === 'ended' ? ' (as the run ended)' : ''
    setText(this.#words, first === undefined ? 'Waiting for samples' : `${wordsOf(first[0], first[1], races.length)}${ended}`)
  }

  repaint(how: 'theme' | 'marks'): void {
    for (const [, view] of this.#devices) view.repaint(how)
  }
}

function urgency({ lead, secondsToOverflow }: Race): number {
  return lead === 'over' ? -1 : secondsToOverflow
}

function wordsOf(id: string, { lead }: Race, devices: number): string {
  if (lead === 'over') return `${id} has overflowed: the bear has won there`
  if (lead === 'bear') return `until ${id} overflows: the bear is ahead`
  return devices === 1
    ? `${id} does not fill up: promotion and reclaim keep pace`
    : `no device fills up: promotion and reclaim keep pace`
}

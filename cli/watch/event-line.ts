/** An event on one line: `12.400 s  device-1  low-threshold  headroom 51.0 MiB`. */
import type { ActorEvent } from '#shared/actor.ts'
import { formatByteRate, formatBytes, formatCount } from '#shared/units.ts'
import { plain, span, type Line, type Style } from './line.ts'
import type { Picture } from './picture.ts'

/** Codes that stand out; the others are news like any other. */
const CODE_STYLES: Readonly<Record<string, Style>> = {
  'low-threshold': 'yellowBright',
  'high-threshold': 'green',
  'first-refusal': 'yellowBright',
  'chmu-drop': 'yellowBright',
  'share-pressed': 'yellowBright',
  'share-eased': 'green',
  'share-paused': 'redBright',
  'share-resumed': 'green',
  attack: 'redBright',
  poison: 'redBright',
  killed: 'redBright',
}

/** Widths of time, actor and code, so that lines stand under each other. */
export interface EventForm {
  /** Of seconds. */
  readonly decimals: number
  readonly time: number
  readonly actor: number
  readonly code: number
}

const LOOSE: EventForm = { decimals: 3, time: 0, actor: 0, code: 0 }

export function eventForm(picture: Picture, events: readonly ActorEvent[], decimals: number): EventForm {
  const widest = (of: (event: ActorEvent) => string): number =>
    events.reduce((most, event) => Math.max(most, of(event).length), 0)
  return {
    decimals,
    time: widest(({ quantum }) => when(picture, quantum, decimals)),
    actor: widest(({ actor }) => plain(actor)),
    code: widest(({ code }) => plain(code)),
  }
}

/** Not cut yet. */
export function eventLine(picture: Picture, { quantum, actor, code, fields }: ActorEvent, form: EventForm = LOOSE): Line {
  const style = Object.hasOwn(CODE_STYLES, code) ? CODE_STYLES[code] : undefined
  return [
    span(when(picture, quantum, form.decimals).padStart(form.time), 'dim'),
    span('  '),
    span(plain(actor).padEnd(form.actor), 'bold'),
    span('  '),
    span(plain(code).padEnd(form.code), style),
    span(`  ${Object.entries(fields).map(fieldText).join(', ')}`),
  ]
}

function when(picture: Picture, quantum: number, decimals: number): string {
  const seconds = picture.secondsAt(quantum)
  return seconds === undefined ? `quantum ${quantum}` : `${seconds.toFixed(decimals)} s`
}

/** `headroomBytes: 53477376` as `headroom 51.0 MiB`. */
function fieldText([key, value]: [string, number | string]): string {
  if (typeof value === 'string') return plain(`${key} ${value}`)
  const forms: readonly [string, (value: number) => string][] = [
    ['BytesPerSecond', formatByteRate],
    ['bytesPerSecond', formatByteRate],
    ['PerSecond', (rate) => `${formatCount(rate)}/s`],
    ['Bytes', formatBytes],
  ]
  const [unit, format] = forms.find(([ending]) => key.endsWith(ending)) ?? ['', formatCount]
  const name = key.slice(0, key.length - unit.length)
  return plain(`${name} ${format(value)}`.trim())
}

/** A run as plain lines, where there is no terminal: how it goes every two seconds, and every event as it comes. */
import type { ActorEvent } from '#shared/actor.ts'
import { formatBytes, formatCount } from '#shared/units.ts'
import type { Io } from '../io.ts'
import { refusedBy } from './device-view.ts'
import { eventLine } from './event-line.ts'
import { PATIENCE_SECONDS, silence, timeOf } from './headline.ts'
import { slowest } from './host-view.ts'
import { paint, plain } from './line.ts'
import type { Picture } from './picture.ts'
import type { View } from './view.ts'

const EVERY_MS = 2000

export class Lines implements View {
  readonly #picture: Picture
  readonly #stdout: Io['stdout']
  readonly #silentSeconds: () => number
  readonly #timer: NodeJS.Timeout
  #waitingTold = false
  #ended = false

  constructor(picture: Picture, stdout: Io['stdout'], silentSeconds: () => number) {
    this.#picture = picture
    this.#stdout = stdout
    this.#silentSeconds = silentSeconds
    this.#timer = setInterval(() => this.#tell(), EVERY_MS)
  }

  update(events: readonly ActorEvent[] = []): void {
    for (const event of events) this.#write(paint(eventLine(this.#picture, event), false))
    if (this.#waitingTold || this.#picture.status !== undefined || this.#silentSeconds() < PATIENCE_SECONDS) return
    this.#waitingTold = true
    this.#write('waiting for a run …')
  }

  /** The last word on how it went. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    clearInterval(this.#timer)
    if (this.#picture.status !== undefined) this.#write(statusLine(this.#picture, 0))
  }

  #tell(): void {
    if (this.#picture.status !== undefined) this.#write(statusLine(this.#picture, this.#silentSeconds()))
  }

  #write(line: string): void {
    this.#stdout.write(`${line}\n`)
  }
}

/** `12.4 of 20 s running · device-1 519 MiB of 1.00 GiB, headroom 505 MiB · refused 12.0 k · slowest host-2 1.061×`. */
export function statusLine(picture: Picture, silentSeconds: number): string {
  const { status } = picture
  if (status === undefined) return ''
  const parts = [`${timeOf(status)} ${status.state}`]
  const silent = silence(silentSeconds)
  if (silent !== undefined) parts.push(silent)
  if (status.remark !== '') parts.push(plain(status.remark))
  let refused: number | undefined
  for (const [id, { physicalBytes }] of Object.entries(status.devices)) {
    const used = picture.value(id, 'usedBytes')
    const headroom = picture.value(id, 'headroomBytes')
    const ofDevice = refusedBy(picture, id)
    if (ofDevice !== undefined) refused = (refused ?? 0) + ofDevice
    if (used === undefined) continue
    const free = headroom === undefined ? '' : `, headroom ${formatBytes(headroom)}`
    parts.push(`${plain(id)} ${formatBytes(used)} of ${formatBytes(physicalBytes)}${free}`)
  }
  if (refused !== undefined) parts.push(`refused ${formatCount(refused)}`)
  const worst = slowest(picture, status)
  if (worst !== undefined) parts.push(`slowest ${plain(worst.host)} ${worst.slowdown.toFixed(3)}×`)
  return parts.join(' · ')
}

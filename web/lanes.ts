/** The lanes of the timeline: a mark for each event, and, as bands, when pages were refused and when stores and loads faulted. */
import { colourOf, KIND_NAMES, type Kind, KINDS, kindOf, nearest } from './kinds.ts'
import { element } from './dom.ts'
import type { Desk } from './view.ts'

const LANE_HEIGHT = 24
const AXIS_HEIGHT = 22
const LABELS_WIDTH = 148
const NARROW = 480
const SHORT_NAMES: Readonly<Record<Kind, string>> = {
  refusal: 'Refused',
  interrupt: 'Interr.',
  share: 'Shares',
  fault: 'Faults',
  workload: 'Loads',
  oom: 'OOM',
  poison: 'Poison',
  other: 'Other',
}

export class Lanes {
  readonly root: HTMLCanvasElement
  readonly #desk: Desk
  /** CSS pixels; asking for it every time would cost a layout. */
  #width = 0
  #visible = false

  constructor(desk: Desk) {
    this.#desk = desk
    this.root = element('canvas', { class: 'lanes', role: 'img' })
    this.root.style.height = `${KINDS.length * LANE_HEIGHT + AXIS_HEIGHT}px`
    this.root.addEventListener('click', (event) => this.#pick(event))
    new ResizeObserver(() => {
      this.#width = this.root.clientWidth
      this.draw()
    }).observe(this.root)
    new IntersectionObserver((entries) => {
      this.#visible = entries.at(-1)!.isIntersecting
      this.draw()
    }).observe(this.root)
  }

  draw(): void {
    const { root } = this
    const [width, ratio] = [this.#width, devicePixelRatio]
    if (width === 0 || !this.#visible) return
    const height = KINDS.length * LANE_HEIGHT + AXIS_HEIGHT
    if (root.width !== Math.round(width * ratio)) root.width = Math.round(width * ratio)
    if (root.height !== Math.round(height * ratio)) root.height = Math.round(height * ratio)
    const ctx = root.getContext('2d')!
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    ctx.clearRect(0, 0, width, height)
    const paint = this.#desk.paint()
    ctx.font = '12px system-ui, sans-serif'
    ctx.textBaseline = 'middle'
    for (const [lane, kind] of KINDS.entries()) {
      const y = (lane + 0.5) * LANE_HEIGHT
      ctx.fillStyle = paint.faint
      ctx.textAlign = 'left'
      ctx.fillText(width < NARROW ? SHORT_NAMES[kind] : KIND_NAMES[kind], 0, y)
      ctx.fillStyle = paint.grid
      ctx.fillRect(this.#left, y, width - this.#left, 1)
    }
    this.#band(ctx, paint.warn, 'refusal', ['refused'])
    this.#band(ctx, paint.warn, 'fault', ['writeFaults', 'accessFaults'])
    for (const mark of this.#desk.run.marks) {
      const kind = kindOf(mark)
      ctx.fillStyle = colourOf(kind, paint)
      ctx.fillRect(this.#x(this.#desk.run.secondsOf(mark)) - 1, KINDS.indexOf(kind) * LANE_HEIGHT + 4, 2, LANE_HEIGHT - 8)
    }
    this.#axis(ctx, paint.faint)
    this.#label()
    const moment = this.#desk.moment()
    if (moment === undefined) return
    ctx.fillStyle = paint.text
    ctx.fillRect(this.#x(moment) - 1, 0, 2, KINDS.length * LANE_HEIGHT)
  }

  /** Where one of these counters of any host grew. */
  #band(ctx: CanvasRenderingContext2D, colour: string, kind: Kind, keys: readonly string[]): void {
    const { run } = this.#desk
    const hosts = Object.keys(run.status?.hosts ?? {})
    const places = hosts.flatMap((host) => keys.map((key) => run.place(host, key)))
    const totals = run.rows.map((row) => places.reduce((sum, place) => sum + (row[place] ?? 0), 0))
    ctx.fillStyle = colour
    ctx.globalAlpha = 0.4
    for (let i = 1; i < totals.length; i++) {
      if (totals[i]! <= totals[i - 1]!) continue
      const [from, to] = [this.#x(run.times[i - 1]!), this.#x(run.times[i]!)]
      ctx.fillRect(from, KINDS.indexOf(kind) * LANE_HEIGHT + 6, Math.max(1, to - from), LANE_HEIGHT - 12)
    }
    ctx.globalAlpha = 1
  }

  #axis(ctx: CanvasRenderingContext2D, colour: string): void {
    const [from, to] = this.#span
    const room = this.#width - this.#left
    const step = niceStep((to - from) / Math.max(2, room / 110))
    ctx.fillStyle = colour
    ctx.textAlign = 'center'
    for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) {
      const x = Math.min(this.#x(tick), this.#width - 14)
      ctx.fillText(`${Number(tick.toPrecision(6))} s`, Math.max(x, this.#left + 10), KINDS.length * LANE_HEIGHT + AXIS_HEIGHT / 2)
    }
  }

  #label(): void {
    const [from, to] = this.#span
    const label = `Lanes of refusals, interrupts, shares, faults, workloads, OOM kills and poison from ${Number(from.toFixed(1))} s to ${Math.floor(to)} s; the list has the same events`
    if (this.root.getAttribute('aria-label') !== label) this.root.setAttribute('aria-label', label)
  }

  #pick(event: MouseEvent): void {
    const { run, choose } = this.#desk
    const [from, to] = this.#span
    const kind = KINDS[Math.floor(event.offsetY / LANE_HEIGHT)]
    const ofKind = run.marks.filter((mark) => kindOf(mark) === kind)
    const near = nearest(ofKind, (mark) => this.#x(run.secondsOf(mark)) - event.offsetX)
    const seconds = from + ((event.offsetX - this.#left) / (this.#width - this.#left)) * (to - from)
    choose(near ?? Math.max(0, seconds))
  }

  get #left(): number {
    return this.#width < NARROW ? 56 : LABELS_WIDTH
  }

  get #span(): readonly [number, number] {
    const { times } = this.#desk.run
    const from = times[0] ?? 0
    return [from, Math.max(times.at(-1) ?? 0, from + 1)]
  }

  #x(seconds: number): number {
    const [from, to] = this.#span
    return this.#left + ((seconds - from) / (to - from)) * (this.#width - this.#left - 2)
  }
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least)!
}

/** A chart over virtual time (uPlot), with the run's marks on it. All charts share one cursor, one choice of moment and one paint. */
import uPlot from 'uplot'
import type { Paint } from './colours.ts'
import { element, setText } from './dom.ts'
import type { Mark } from '#simulation/dashboard/marks.ts'
import { colourOf, kindOf, loudOf, nearest } from './kinds.ts'
import type { Run, Series } from './run.ts'

export interface Curve {
  readonly label: string
  readonly stroke: (paint: Paint) => string
  /** Filled below. */
  readonly filled?: boolean
  readonly dash?: number[]
}

export interface ChartSpec {
  readonly title: string
  readonly curves: readonly Curve[]
  readonly format: (value: number) => string
  readonly height: number
  /** Whether its axis counts in powers of two, as bytes do. */
  readonly binary?: boolean
  /** Of y: what has to be visible. */
  readonly reach?: () => readonly [least: number, most: number]
  /** Horizontal lines. */
  readonly limits?: () => readonly { readonly value: number; readonly label: string }[]
}

const POWERS_OF_TWO = Array.from({ length: 60 }, (_, power) => 2 ** power)

/** What charts have in common. */
export interface ChartDesk {
  readonly run: Run
  readonly paint: () => Paint
  /** The moment that was chosen; undefined: none. */
  readonly moment: () => number | undefined
  /** And the mark that lies there, if it was one that was chosen. */
  readonly mark: () => Mark | undefined
  readonly choose: (chosen: number | Mark | undefined) => void
}

const AXIS_WIDTH = 62
const LABEL_EVERY_MS = 2000
/** More curves than this have no figure each; the nearest one is named. */
const NAMED_MAX = 4
/** One of very many curves takes a while to draw, and nobody can follow it ten times a second. */
const MANY = 12
const MANY_EVERY_MS = 500
/** Nor with all points. */
const MANY_POINTS = 120

export class Chart {
  readonly root: HTMLElement
  readonly #spec: ChartSpec
  readonly #desk: ChartDesk
  readonly #plot = element('div', { class: 'plot' })
  readonly #readouts: HTMLElement[] = []
  readonly #nearest = element('span', { class: 'nearest' })
  #u: uPlot | undefined
  #data: uPlot.AlignedData = [[]]
  #visible = false
  #stale = true
  #pending: () => uPlot.AlignedData = () => [[]]
  #labelledMs = -Infinity
  #drawnMs = -Infinity
  #waits = false

  constructor(spec: ChartSpec, desk: ChartDesk) {
    this.#spec = spec
    this.#desk = desk
    const { title, curves } = spec
    const keys = curves.slice(0, curves.length > NAMED_MAX ? 0 : NAMED_MAX).map((curve) => {
      const readout = element('b')
      this.#readouts.push(readout)
      return element('span', { class: 'key' }, element('i', { class: 'swatch' }), curve.label, ' ', readout)
    })
    this.root = element(
      'figure',
      { class: 'chart' },
      element('figcaption', {}, element('span', { class: 'chart-title' }, title), ...keys, this.#nearest),
      this.#plot,
    )
    this.#plot.setAttribute('role', 'img')
    this.#plot.setAttribute('aria-label', title)
    this.#colourKeys()
    this.#plot.style.height = `${spec.height}px`
    new IntersectionObserver((entries) => {
      this.#visible = entries.at(-1)!.isIntersecting
      if (this.#visible) this.#draw()
    }).observe(this.#plot)
    new ResizeObserver(() => this.#resize()).observe(this.#plot)
  }

  update(times: readonly number[], series: () => readonly Series[]): void {
    this.#stale = true
    this.#pending = () => [times as number[], ...(series() as (number | null)[][])]
    if (this.#visible) this.#draw()
  }

  /** After a change of theme. */
  restyle(): void {
    this.#colourKeys()
    this.#u?.destroy()
    this.#u = undefined
    this.#stale = true
    if (this.#visible) this.#draw()
  }

  /** Marks or the moment have changed. */
  redraw(): void {
    if (this.#visible) this.#u?.redraw(false)
  }

  #draw(): void {
    if (!this.#stale) return
    const now = performance.now()
    if (this.#spec.curves.length > MANY && this.#u !== undefined && now - this.#drawnMs < MANY_EVERY_MS) {
      // What comes last must be seen too.
      if (!this.#waits) setTimeout(() => this.#afterAll(), MANY_EVERY_MS)
      this.#waits = true
      return
    }
    this.#drawnMs = now
    this.#stale = false
    this.#data = this.#spec.curves.length > MANY ? thinned(this.#pending()) : this.#pending()
    if (this.#u === undefined) this.#make()
    else this.#u.setData(this.#data)
    this.#read(this.#u?.cursor.idx ?? this.#data[0].length - 1)
    this.#label()
  }

  /** Also of a chart that is not seen yet. */
  #colourKeys(): void {
    const paint = this.#desk.paint()
    for (const [i, readout] of this.#readouts.entries()) {
      readout.parentElement!.style.setProperty('--key', this.#spec.curves[i]!.stroke(paint))
    }
  }

  #afterAll(): void {
    this.#waits = false
    this.#draw()
  }

  #make(): void {
    const { curves, format, height, reach, binary = false } = this.#spec
    const paint = this.#desk.paint()
    const axis = {
      stroke: paint.faint,
      font: '11px system-ui, sans-serif',
      grid: { stroke: paint.grid, width: 1 },
      ticks: { show: false },
    }
    const options: uPlot.Options = {
      width: Math.max(120, this.#plot.clientWidth),
      height,
      legend: { show: false },
      padding: [10, 16, 0, 0],
      cursor: {
        sync: { key: 'coldpool', setSeries: false },
        drag: { x: false, y: false },
        points: { size: 6 },
        focus: { prox: curves.length > NAMED_MAX ? 24 : -1 },
      },
      focus: { alpha: curves.length > NAMED_MAX ? 0.25 : 1 },
      scales: {
        x: { time: false },
        y: {
          range: (_, min, max) => {
            const [least, most] = reach?.() ?? [0, 0]
            const [low, high] = [Math.min(least, min ?? least), Math.max(most, max ?? most)]
            return [low, high === low ? low + 1 : high + (high - low) * 0.06]
          },
        },
      },
      axes: [
        { ...axis, size: 24, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
        {
          ...axis,
          size: AXIS_WIDTH,
          space: 26,
          ...(binary && { incrs: POWERS_OF_TWO }),
          values: (_, ticks) => ticks.map((tick) => (tick === 0 ? '0' : format(tick))),
        },
      ],
      series: [
        {},
        ...curves.map(({ label, stroke, filled, dash }) => ({
          label,
          stroke: stroke(paint),
          width: curves.length > MANY ? 1 : 1.75,
          points: { show: false },
          ...(dash && { dash }),
          ...(filled && { fill: `color-mix(in oklab, ${stroke(paint)} 18%, transparent)` }),
        })),
      ],
      hooks: {
        setCursor: [(u) => this.#read(u.cursor.idx ?? this.#data[0].length - 1)],
        setSeries: [
          (_, i) => setText(this.#nearest, i == null || curves.length <= NAMED_MAX ? '' : (curves[i - 1]?.label ?? '')),
        ],
        draw: [(u) => this.#overlay(u)],
      },
    }
    this.#u = new uPlot(options, this.#data, this.#plot)
    this.#u.over.addEventListener('click', (event) => this.#pick(event.offsetX))
  }

  /** A mark that is near, else the time that was clicked. */
  #pick(x: number): void {
    const u = this.#u!
    const near = nearest(loudOf(this.#desk.run.marks), (mark) => u.valToPos(this.#desk.run.secondsOf(mark), 'x') - x)
    this.#desk.choose(near ?? Math.max(0, u.posToVal(x, 'x')))
  }

  #overlay(u: uPlot): void {
    const { ctx, bbox } = u
    const { run, moment } = this.#desk
    const paint = this.#desk.paint()
    const ratio = devicePixelRatio
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top - 8 * ratio, bbox.width, bbox.height + 8 * ratio)
    ctx.clip()
    const line = (seconds: number, colour: string, width: number, alpha: number): number => {
      const x = Math.round(u.valToPos(seconds, 'x', true))
      ctx.globalAlpha = alpha
      ctx.fillStyle = colour
      ctx.fillRect(x - width / 2, bbox.top, width, bbox.height)
      return x
    }
    let last = -Infinity
    for (const mark of loudOf(run.marks)) {
      const seconds = run.secondsOf(mark)
      // Where marks lie upon each other one is enough.
      if (u.valToPos(seconds, 'x', true) - last < 2 * ratio) continue
      last = line(seconds, colourOf(kindOf(mark), paint), ratio, 0.35)
      tip(ctx, last, bbox.top, 4 * ratio)
    }
    const chosen = moment()
    if (chosen !== undefined) line(chosen, paint.text, 2 * ratio, 0.8)
    ctx.globalAlpha = 1
    ctx.font = `${11 * ratio}px system-ui, sans-serif`
    ctx.textAlign = 'left'
    for (const { value, label } of this.#spec.limits?.() ?? []) {
      const y = Math.round(u.valToPos(value, 'y', true))
      ctx.strokeStyle = ctx.fillStyle = paint.warn
      ctx.setLineDash([4 * ratio, 4 * ratio])
      ctx.beginPath()
      ctx.moveTo(bbox.left, y)
      ctx.lineTo(bbox.left + bbox.width, y)
      ctx.stroke()
      ctx.fillText(label, bbox.left + 4 * ratio, y - 4 * ratio)
    }
    ctx.restore()
  }

  #read(at: number): void {
    for (const [i, readout] of this.#readouts.entries()) {
      const value = this.#data[i + 1]?.[at]
      setText(readout, value == null ? '–' : this.#spec.format(value))
    }
  }

  #label(): void {
    if (performance.now() - this.#labelledMs < LABEL_EVERY_MS) return
    this.#labelledMs = performance.now()
    const now = this.#readouts.map((readout, i) => `${this.#spec.curves[i]!.label} ${readout.textContent}`).join(', ')
    this.#plot.setAttribute('aria-label', `${this.#spec.title}${now === '' ? '' : `, now ${now}`}`)
  }

  #resize(): void {
    const width = this.#plot.clientWidth
    if (this.#u !== undefined && width > 0 && width !== this.#u.width) this.#u.setSize({ width, height: this.#spec.height })
  }
}

/** Evenly, and with the newest point. */
function thinned(data: uPlot.AlignedData): uPlot.AlignedData {
  const count = data[0].length
  const stride = Math.ceil(count / MANY_POINTS)
  return data.map((values) => (values as (number | null)[]).filter((_, i) => (count - 1 - i) % stride === 0)) as uPlot.AlignedData
}

function tip(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.globalAlpha = 0.9
  ctx.beginPath()
  ctx.moveTo(x - size, y - size * 1.5)
  ctx.lineTo(x + size, y - size * 1.5)
  ctx.lineTo(x, y)
  ctx.fill()
}

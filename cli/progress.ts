/** How far a run is, on stderr: a bar on a terminal, else a plain line when it begins and every two seconds of wall time. */
import cliProgress from 'cli-progress'
import { PAGE_STATES } from '#shared/page/lifecycle.ts'
import { formatBytes, formatCount, formatPercentage } from '#shared/units.ts'
import { printable } from '#shared/scenario/problems.ts'
import type { Progress } from '#simulation/progress.ts'
import type { OnReading } from '#simulation/reference-file.ts'
import type { Io } from './io.ts'

const PLAIN_EVERY_MS = 2000
const BAR_WIDTH = 20
/** Less than this is the grain of timers. */
export const BEHIND_SECONDS = 0.1

/** How far something is; `line` is asked for only when it is shown. */
export interface Gauge extends Disposable {
  readonly show: (done: number, total: number, line: () => string) => void
  /** Leaves the terminal as it was; may be called again. */
  end(): void
}

export interface ProgressDisplay extends Disposable {
  readonly show: (progress: Progress) => void
  end(): void
}

export function showProgress(stderr: Io['stderr'] | undefined): ProgressDisplay {
  const { show, ...rest } = showGauge(stderr, -Infinity)
  return {
    ...rest,
    show: (progress) => show(progress.virtualSeconds, progress.totalSeconds, () => progressLine(progress)),
  }
}

/** Of files that are read before a run begins. */
export function showReading(stderr: Io['stderr'] | undefined): Disposable & { readonly show: OnReading } {
  const reading = showGauge(stderr)
  return {
    ...reading,
    show: (file, bytes, ofBytes) => {
      if (bytes === ofBytes) reading.end()
      else reading.show(bytes, ofBytes, () => `reading ${printable(file)} · ${formatBytes(bytes)} of ${formatBytes(ofBytes)}`)
    },
  }
}

/** The first plain line comes two seconds after `sinceMs`, so that what is done at once says nothing. */
export function showGauge(stderr: Io['stderr'] | undefined, sinceMs = performance.now()): Gauge {
  if (stderr === undefined) return gauge(() => {})
  return stderr.isTTY === true ? bar(stderr as NodeJS.WritableStream) : lines(stderr, sinceMs)
}

function bar(stream: NodeJS.WritableStream): Gauge {
  const single = new cliProgress.SingleBar({
    stream,
    clearOnComplete: true,
    hideCursor: true,
    // Signals are ours (interrupt.ts).
    gracefulExit: false,
    fps: 5,
    format: (_, { progress }, payload: { line?: () => string }) => {
      const done = Math.round(progress * BAR_WIDTH)
      return `${'█'.repeat(done)}${'░'.repeat(BAR_WIDTH - done)} ${payload.line?.() ?? ''}`
    },
  })
  let running = false
  return gauge(
    (done, total, line) => {
      if (running) single.update(done, { line })
      else single.start(total, done, { line })
      running = true
    },
    () => {
      if (running) single.stop()
      running = false
    },
  )
}

function lines(stderr: Io['stderr'], sinceMs: number): Gauge {
  let last = sinceMs
  return gauge((_, __, line) => {
    const now = performance.now()
    if (now - last < PLAIN_EVERY_MS) return
    last = now
    stderr.write(`${line()}\n`)
  })
}

function gauge(show: Gauge['show'], end: () => void = () => {}): Gauge {
  return { show, end, [Symbol.dispose]: end }
}

/** `31.2 of 60 s · local 2.10 M, pooled 983 k · refused 12.3 k (1.25 %) · headroom 312 MiB on device-1`. */
export function progressLine(progress: Progress): string {
  const { virtualSeconds, totalSeconds, pages, demoted, refused, headroomBytes, behindSeconds = 0 } = progress
  const states = PAGE_STATES.filter((state) => state !== 'free' && pages[state] > 0).map(
    (state) => `${state} ${formatCount(pages[state])}`,
  )
  const asked = demoted + refused
  const parts = [`${virtualSeconds.toFixed(1)} of ${totalSeconds} s`]
  if (states.length > 0) parts.push(states.join(', '))
  parts.push(`refused ${formatCount(refused)}${asked > 0 ? ` (${formatPercentage(refused / asked)})` : ''}`)
  const tightest = Object.entries(headroomBytes).reduce<[string, number] | undefined>(
    (least, entry) => (least === undefined || entry[1] < least[1] ? entry : least),
    undefined,
  )
  if (tightest !== undefined) parts.push(`headroom ${formatBytes(tightest[1])} on ${tightest[0]}`)
  if (behindSeconds >= BEHIND_SECONDS) parts.push(`${behindSeconds.toFixed(1)} s behind its pace`)
  return parts.join(' · ')
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Progress } from '#simulation/progress.ts'
import { progressLine, showGauge, showProgress, showReading } from './progress.ts'

const PROGRESS: Progress = {
  virtualSeconds: 31.24,
  totalSeconds: 60,
  pages: { free: 5, local: 2_100_000, demoting: 0, pooled: 983_000, promoting: 0, swapped: 12, poisoned: 0 },
  demoted: 975_000,
  refused: 12_300,
  headroomBytes: { 'device-1': 512 * 2 ** 20, 'device-2': 312 * 2 ** 20 },
}

describe('a line of progress', () => {
  it('tells time, pages by state, refusals and the tightest headroom', () => {
    expect(progressLine(PROGRESS)).toBe(
      '31.2 of 60 s · local 2.10 M, pooled 983 k, swapped 12 · refused 12.3 k (1.25 %) · headroom 312 MiB on device-2',
    )
  })

  it('leaves out what there is nothing to say about', () => {
    const pages = { ...PROGRESS.pages, local: 0, pooled: 0, swapped: 0 }
    const line = progressLine({ ...PROGRESS, pages, demoted: 0, refused: 0, headroomBytes: {} })
    expect(line).toBe('31.2 of 60 s · refused 0')
  })
})

describe('progress', () => {
  let written = ''
  const stderr = { write: (text: string) => (written += text) }
  beforeEach(() => {
    written = ''
    vi.useFakeTimers()
  })
  afterEach(() => void vi.useRealTimers())

  it('is a plain line at once and every two seconds of wall time where stderr is no terminal', () => {
    using display = showProgress(stderr)
    for (let tenths = 1; tenths <= 50; tenths++) {
      vi.advanceTimersByTime(100)
      display.show(PROGRESS)
    }
    expect(written).toBe(`${progressLine(PROGRESS)}\n`.repeat(3))
  })

  it('of what is soon done says nothing where stderr is no terminal', () => {
    using display = showGauge(stderr)
    vi.advanceTimersByTime(1999)
    display.show(1, 2, () => 'half')
    expect(written).toBe('')
    vi.advanceTimersByTime(1)
    display.show(1, 2, () => 'half')
    expect(written).toBe('half\n')
  })

  it('of a file that is read before the run is a line every two seconds, and none once it is read', () => {
    using reading = showReading(stderr)
    for (let tenths = 1; tenths <= 30; tenths++) {
      vi.advanceTimersByTime(100)
      reading.show('refs\n.bin', tenths * 2 ** 20, 30 * 2 ** 20)
    }
    expect(written).toBe('reading refs\\u000a.bin · 20.0 MiB of 30.0 MiB\n')
  })

  it('is a bar on a terminal, gone at the end', () => {
    const terminal = { ...stderr, isTTY: true, columns: 140, on: () => {}, cursorTo: () => {}, clearLine: () => {} }
    const display = showProgress(terminal)
    display.show(PROGRESS)
    // Before a timer is due: a run computes for a while before it lets one through.
    expect(written).toContain(`██████████░░░░░░░░░░ ${progressLine(PROGRESS)}`)
    display.end()
    display.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is nothing where nobody wants it', () => {
    using display = showProgress(undefined)
    display.show(PROGRESS)
    vi.advanceTimersByTime(10_000)
    display.show(PROGRESS)
    expect(written).toBe('')
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { examplePicture, FakeTerminal, STATUS } from './run.fixture.ts'
import { Screen } from './screen.ts'

const OPTIONS = { colour: false, silentSeconds: () => 0 }

describe('a screen', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is an alternate one without a cursor, left again at the end, once', () => {
    const before = process.listenerCount('exit')
    const terminal = new FakeTerminal()
    const screen = new Screen(examplePicture(), terminal, OPTIONS)
    const entered = terminal.take()
    expect(entered.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true)
    expect(entered).toContain('\x1b[1;1Hnoisy-neighbour running')
    screen.end()
    screen.end()
    screen.update()
    vi.advanceTimersByTime(1000)
    expect(terminal.take()).toBe('\x1b[?7h\x1b[?25h\x1b[?1049l')
    expect(terminal.listeners).toBe(0)
    expect(process.listenerCount('exit')).toBe(before)
  })

  it('gives the terminal back whatever ends the process', () => {
    const terminal = new FakeTerminal()
    const screen = new Screen(examplePicture(), terminal, OPTIONS)
    terminal.take()
    const restore = process.listeners('exit').at(-1) as () => void
    restore()
    expect(terminal.take()).toContain('\x1b[?1049l')
    process.off('exit', restore)
    screen.end()
  })

  it('writes only the lines that have changed', () => {
    const picture = examplePicture()
    const terminal = new FakeTerminal()
    const screen = new Screen(picture, terminal, OPTIONS)
    terminal.take()
    vi.advanceTimersByTime(100)
    screen.update()
    expect(terminal.take()).toBe('')
    picture.hearStatus({ ...STATUS, quantum: 12_500, virtualSeconds: 12.5 })
    vi.advanceTimersByTime(100)
    screen.update()
    expect(terminal.take()).toBe(
      '\x1b[?2026h\x1b[1;1Hnoisy-neighbour running · 12.5 of 20 s · pace 1×, 0.3 s behind\x1b[K\x1b[?2026l',
    )
    screen.end()
  })

  it('redraws ten times a second at most, and shows the last state', () => {
    const picture = examplePicture()
    const terminal = new FakeTerminal()
    const screen = new Screen(picture, terminal, OPTIONS)
    terminal.take()
    let draws = 0
    for (let ms = 1; ms <= 1000; ms++) {
      vi.advanceTimersByTime(1)
      picture.hearStatus({ ...STATUS, virtualSeconds: ms })
      screen.update()
      if (terminal.take() !== '') draws++
    }
    expect(draws).toBeGreaterThanOrEqual(9)
    expect(draws).toBeLessThanOrEqual(10)
    vi.advanceTimersByTime(100)
    screen.update()
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(0)
    screen.end()
  })

  it('is drawn anew in another size', () => {
    const terminal = new FakeTerminal()
    const screen = new Screen(examplePicture(), terminal, OPTIONS)
    terminal.take()
    vi.advanceTimersByTime(100)
    terminal.resize(40, 12)
    const drawn = terminal.take()
    expect(drawn).toContain('\x1b[2J')
    expect(drawn).toContain('\x1b[12;1H')
    expect(drawn).not.toContain('\x1b[13;1H')
    // A full line is not followed by a clearing of the rest, which would take its last character.
    expect(drawn).toContain(`${'─'.repeat(15)}\x1b[4;1H`)
    vi.advanceTimersByTime(100)
    terminal.resize(10, 3)
    expect(terminal.take()).not.toContain('\x1b[4;1H')
    screen.end()
  })
})

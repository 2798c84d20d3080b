import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ColdpoolError } from '#shared/errors.ts'
import type { Keyboard } from './keys.ts'
import { EVENTS, FakeTerminal, Output, sampleAt, ScriptedFeed, STATUS } from './run.fixture.ts'
import { watch, type WatchIo } from './watch.ts'

class FakeKeyboard implements Keyboard {
  readonly isTTY = true
  raw = false
  paused = false
  #listener: ((chunk: Uint8Array | string) => void) | undefined

  setRawMode(raw: boolean): void {
    this.raw = raw
  }

  on(_event: 'data', listener: (chunk: Uint8Array | string) => void): void {
    this.#listener = listener
  }

  off(): void {
    this.#listener = undefined
  }

  resume(): void {
    this.paused = false
  }

  pause(): void {
    this.paused = true
  }

  press(keys: string): void {
    this.#listener?.(Buffer.from(keys))
  }
}

const env = { NO_COLOR: '1' }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('watching without a terminal', () => {
  it('is a line every two seconds and one for each event, until the run ends', async () => {
    const feed = new ScriptedFeed()
    const stdout = new Output()
    const code = watch(feed, { stdout, stderr: new Output() }, { env })
    feed.listener.status!(STATUS)
    feed.listener.sample!(sampleAt(12))
    feed.listener.events!({ quantum: 11_000, events: EVENTS.slice(4, 5) })
    expect(stdout.written).toBe('11.000 s  bear  attack  4.00 GB/s, content random\n')
    await vi.advanceTimersByTimeAsync(2000)
    expect(stdout.written.split('\n')[1]).toBe(
      '12.4 of 20 s running · device-1 980 MiB of 1.00 GiB, headroom 28.0 MiB · device-2 128 MiB of 512 MiB, headroom 384 MiB · refused 144 k · slowest host-2 1.610×',
    )
    feed.listener.status!({ ...STATUS, state: 'ended', virtualSeconds: 20 })
    expect(await code).toBe(0)
    expect(stdout.written.split('\n').length).toBe(4)
    expect(stdout.written.split('\n')[2]).toContain('20.0 of 20 s ended · device-1')
    expect(stdout.written).not.toContain('\x1b')
    expect(feed.closed).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('says that it waits for a run, and that it hears nothing any more', async () => {
    const feed = new ScriptedFeed()
    const stdout = new Output()
    const code = watch(feed, { stdout, stderr: new Output() }, { env })
    await vi.advanceTimersByTimeAsync(2900)
    expect(stdout.written).toBe('')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(stdout.written).toBe('waiting for a run …\n')
    feed.listener.status!({ ...STATUS, state: 'waiting', remark: 'waits for stage-2' })
    await vi.advanceTimersByTimeAsync(5100)
    expect(stdout.written.trimEnd().split('\n').at(-1)).toBe('12.4 of 20 s waiting · no word for 5 s · waits for stage-2')
    feed.listener.status!({ ...STATUS, state: 'failed', remark: 'it broke' })
    expect(await code).toBe(1)
    expect(stdout.written).toContain('failed · it broke')
  })

  it('ends with 130 on an interrupt, and leaves no listener behind', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const before = process.listenerCount(signal)
      const feed = new ScriptedFeed()
      const code = watch(feed, { stdout: new Output(), stderr: new Output() }, { env })
      process.emit(signal)
      expect(await code).toBe(130)
      expect(process.listenerCount(signal)).toBe(before)
      expect(feed.closed).toBe(1)
    }
  })

  it('passes on why the feed cannot be followed', async () => {
    const feed = new ScriptedFeed()
    feed.follow = () => Promise.reject(new ColdpoolError('CP_BUS', 'nats://nowhere', 'nobody answers', 'a NATS server'))
    await expect(watch(feed, { stdout: new Output(), stderr: new Output() }, { env })).rejects.toThrow('CP_BUS nats://nowhere')
    expect(feed.closed).toBe(1)
  })
})

describe('watching on a terminal', () => {
  function start(environment: Readonly<Record<string, string>> = env) {
    const feed = new ScriptedFeed()
    const stdout = new FakeTerminal()
    const stdin = new FakeKeyboard()
    const code = watch(feed, { stdout, stderr: new Output(), stdin }, { env: environment })
    return { feed, stdout, stdin, code }
  }

  it('is a screen, and after it one line on how it ended', async () => {
    const { feed, stdout, stdin, code } = start()
    expect(stdin.raw).toBe(true)
    expect(stdout.take()).toContain('listening …')
    await vi.advanceTimersByTimeAsync(3000)
    expect(stdout.take()).toContain('waiting for a run …')
    await vi.advanceTimersByTimeAsync(100)
    feed.listener.status!(STATUS)
    expect(stdout.take()).toContain('noisy-neighbour running · 12.4 of 20 s')
    await vi.advanceTimersByTimeAsync(6000)
    expect(stdout.take()).toContain('no word for 5 s')
    feed.listener.status!({ ...STATUS, state: 'ended' })
    expect(await code).toBe(0)
    expect(stdout.take().endsWith('\x1b[?1049l12.4 of 20 s ended\n')).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
    expect(stdin).toMatchObject({ raw: false, paused: true })
  })

  it('ends at q, and at Ctrl-C as by an interrupt', async () => {
    const first = start()
    first.stdin.press('x')
    first.stdin.press('q')
    expect(await first.code).toBe(0)
    const second = start()
    second.stdin.press('\x03')
    expect(await second.code).toBe(130)
    expect(second.stdout.take()).toContain('\x1b[?1049l')
  })

  it.each([
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
  ])('with %o it is coloured: %s', async (environment, coloured) => {
    const { feed, stdout, stdin, code } = start(environment)
    await vi.advanceTimersByTimeAsync(100)
    feed.listener.status!(STATUS)
    expect(stdout.take().includes('\x1b[1mnoisy-neighbour')).toBe(coloured)
    stdin.press('q')
    await code
  })

  it('is plain lines on a dumb terminal', async () => {
    const { stdout, code } = start({ TERM: 'dumb' })
    await vi.advanceTimersByTimeAsync(3000)
    expect(stdout.take()).toBe('waiting for a run …\n')
    process.emit('SIGINT')
    expect(await code).toBe(130)
  })
})

it("takes the process's own streams", () => {
  expect({ stdout: process.stdout, stderr: process.stderr, stdin: process.stdin } satisfies WatchIo).toBeDefined()
})

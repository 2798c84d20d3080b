import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Status } from '#shared/observe/broadcast.ts'
import { frame } from './frame.ts'
import { Picture } from './picture.ts'
import { EVENTS, examplePicture, sampleAt, STATUS, WATERMARKS } from './run.fixture.ts'

const PLAIN = { colour: false }

function fits(lines: readonly string[], columns: number, rows: number): void {
  expect(lines.length).toBeLessThanOrEqual(rows)
  for (const line of lines) {
    const text = stripVTControlCharacters(line)
    expect(text.length, line).toBeLessThanOrEqual(columns)
    expect(text).not.toMatch(/[\p{C}\p{M}]/u)
  }
}

function pictureOf(status: Partial<Status>): Picture {
  const picture = examplePicture()
  picture.hearStatus({ ...STATUS, ...status })
  return picture
}

describe('a frame', () => {
  it('tells everything on 120 × 40', () => {
    const lines = frame(examplePicture(), 120, 40, PLAIN)
    fits(lines, 120, 40)
    const text = lines.join('\n')
    expect(lines[0]).toBe('noisy-neighbour running · 12.4 of 20 s · pace 1×, 0.3 s behind')
    expect(lines[1]).toBe(
      'generation 1 · 7.07 k quanta · 1 of 2 stages live · run Kx3f9a · 3 messages dropped · q quits · snapshots of 10.0 s',
    )
    expect(lines[2]).toMatch(/^━{74}─{46}$/)
    expect(text).toMatch(/device-1 +980 MiB +1\.00 GiB +28\.0 MiB +1\.83 +97\.9 % severe +pressed +5–10 % +12\.0 k +144 k/)
    expect(text).toMatch(/device-2 +128 MiB +512 MiB +384 MiB +2\.50 +2\.10 % light +at ease +5–10 % +0 +0/)
    expect(text).toMatch(/█ host-1 +482 MiB +30\.2 MiB +414 MiB +12\.0 MiB +12\.0 k +144 k +6\.70 k +1\.008×/)
    expect(text).toContain('steady-1 zipf on host-1 · noisy-2 scan on host-2, left · late-3 burst on host-3, injected, stopping')
    expect(lines.at(-1)).toBe('12.001 s  host-2    killed         workload noisy-2, cause oom, pages 393 k')
    expect(text).toContain('11.000 s  bear      attack         4.00 GB/s, content random')
  })

  it('fills a bar with what each host holds and what waits to be zeroed, and marks the low threshold', () => {
    const bars = frame(examplePicture(), 102, 40, PLAIN).filter((line) => line.startsWith('▕'))
    // 500, 480 and 16 of 1024 MiB; the threshold at 95 of 100.
    expect(bars[0]).toBe(`▕${'█'.repeat(49)}${'▓'.repeat(46)}┃·${' '.repeat(3)}▏`)
    expect(bars[1]).toBe(`▕${'▒'.repeat(25)}${' '.repeat(70)}┃${' '.repeat(4)}▏`)
  })

  it('tells on 80 × 24 nearly as much', () => {
    const lines = frame(examplePicture(), 80, 24, PLAIN)
    fits(lines, 80, 24)
    const text = lines.join('\n')
    expect(text).toMatch(/device-1 +980 MiB +1\.00 GiB +1\.83 +97\.9 % severe +pressed +144 k/)
    expect(text).toMatch(/host-2 +482 MiB +30\.2 MiB +414 MiB +12\.0 MiB +0 +6\.70 k +1\.610×/)
    expect(text).toContain('first-refusal  host host-1, reason pressure')
    expect(lines.filter((line) => line === '').length).toBe(4)
  })

  it('tells on 40 × 12 how devices and hosts are', () => {
    const lines = frame(examplePicture(), 40, 12, PLAIN)
    fits(lines, 40, 12)
    const text = lines.join('\n')
    expect(lines[0]).toBe('noisy-neighbour running · 12.4 of 20 s')
    expect(text).toMatch(/device-1 +▕█+▓+┃▏ +980 MiB +pressed/)
    expect(text).toMatch(/host-1 +414 MiB +12\.0 k +1\.008×/)
    expect(lines.at(-1)).toBe('12.0 s  host-2  killed  workload noisy-…')
  })

  it('gives on 40 columns and many rows a device a line more', () => {
    const text = frame(examplePicture(), 40, 40, PLAIN).join('\n')
    expect(text).toContain('ratio 1.83 · load 97.9 % severe')
  })

  it('tells on 20 × 5 at least how far the run is', () => {
    const lines = frame(examplePicture(), 20, 5, PLAIN)
    fits(lines, 20, 5)
    expect(lines).toEqual([
      'running 12.4 of 20 s',
      'device-1  ▕████▓▓▓┃▏',
      'device-2  ▕▒▒     ┃▏',
      '█ host-1    1.008×',
      '… 2 more',
    ])
  })

  it('says whom the run waits for, and when nothing is heard', () => {
    const remark = 'waits for stage-2, of which nothing was heard for 7 s'
    const lines = frame(pictureOf({ state: 'waiting', remark }), 40, 24, { ...PLAIN, silentSeconds: 4.2 })
    expect(lines.slice(3, 6)).toEqual(['no word for 4 s', 'waits for stage-2, of which nothing was', 'heard for 7 s'])
    const wide = frame(examplePicture(), 80, 24, { ...PLAIN, silentSeconds: 2 })
    expect(wide.join('\n')).not.toContain('no word')
  })

  it('says that it waits where there is no run', () => {
    expect(frame(new Picture(), 80, 24, { ...PLAIN, silentSeconds: 1 })[0]).toBe('coldpool watch · listening …')
    expect(frame(new Picture(), 80, 24, { ...PLAIN, silentSeconds: 3 })[0]).toBe('coldpool watch · waiting for a run …')
  })

  it('shows the first of many devices and hosts, and how many more there are', () => {
    const named = <T>(name: string, one: T): Record<string, T> =>
      Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`${name}-${i + 1}`, one]))
    const devices = named('device', { ...STATUS.devices['device-1']!, hosts: ['host-1'] })
    const lines = frame(pictureOf({ devices, hosts: named('host', STATUS.hosts['host-1']!) }), 80, 21, PLAIN)
    expect(lines.length).toBe(21)
    expect(lines[10]).toBe('… 7 more')
    expect(lines[20]).toBe('… 7 more')
  })

  it('has colours only where they are wanted, and the same text', () => {
    const coloured = frame(examplePicture(), 80, 24, { colour: true })
    const bare = frame(examplePicture(), 80, 24, PLAIN)
    expect(coloured.join('')).toContain('\x1b[')
    expect(bare.join('')).not.toContain('\x1b')
    expect(coloured.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(bare)
  })

  it('lets nothing from outside drive the terminal', () => {
    const picture = pictureOf({ scenario: 'a\x1b[2Jb', remark: 'wide 漢字, \u0301combined, \u202eturned' })
    const text = frame(picture, 80, 24, PLAIN).join('\n')
    expect(text).toContain('a?[2Jb running')
    expect(text).toContain('wide ??, ?combined, ?turned')
  })

  it('fits and holds, whatever is known', () => {
    const value = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, 1, 1e18, -1, Number.MAX_VALUE))
    const sample = fc.record({
      seconds: fc.integer({ min: 0, max: 100 }),
      kept: fc.integer({ min: 1, max: 5 }),
      values: fc.array(value, { minLength: 1, maxLength: 8 }),
    })
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    const count = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })
    const status = fc.record({
      scenario: text,
      remark: text,
      virtualSeconds: count,
      totalSeconds: count,
      quantum: count,
      pace: count,
      behindSeconds: count,
      hosts: fc.integer({ min: 0, max: 20 }),
      devices: fc.integer({ min: 0, max: 6 }),
      workloads: fc.integer({ min: 0, max: 30 }),
      fraction: count,
      physicalBytes: count,
    })
    const size = { columns: fc.integer({ min: 20, max: 200 }), rows: fc.integer({ min: 5, max: 70 }) }
    fc.assert(
      fc.property(
        fc.record({
          ...size,
          colour: fc.boolean(),
          silentSeconds: fc.integer({ min: 0, max: 9 }),
          samples: fc.array(sample, { maxLength: 3 }),
          status: fc.option(status),
          field: fc.dictionary(text, fc.oneof(value, text), { maxKeys: 4 }),
        }),
        ({ columns, rows, colour, silentSeconds, samples, status: made, field }) => {
          const picture = new Picture()
          if (made !== null) picture.hearStatus(statusFrom(made))
          for (const { seconds, kept, values } of samples) picture.hearSample(thinned(seconds, kept, values))
          picture.hearEvents({
            quantum: 1,
            events: EVENTS.map((event, i) => (i % 2 === 0 ? { ...event, fields: field } : event)),
          })
          fits(frame(picture, columns, rows, { colour, silentSeconds }), columns, rows)
        },
      ),
      { numRuns: 400 },
    )
  })
})

/** Of the example's telemetry one value in `kept`, replaced by other values. */
function thinned(seconds: number, kept: number, values: readonly number[]) {
  const sample = sampleAt(seconds)
  let n = 0
  const telemetry = Object.fromEntries(
    Object.entries(sample.telemetry)
      .filter((_, i) => (i + kept) % 4 !== 0)
      .map(([actor, keys]) => [
        actor,
        Object.fromEntries(
          Object.keys(keys)
            .filter(() => n++ % kept === 0)
            .map((key, i) => [key, values[i % values.length]!]),
        ),
      ]),
  )
  return { ...sample, telemetry }
}

function statusFrom(made: {
  readonly hosts: number
  readonly devices: number
  readonly workloads: number
  readonly fraction: number
  readonly physicalBytes: number
}): Status {
  const { hosts, devices, workloads, fraction, physicalBytes, ...rest } = made
  const names = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i + 1}`)
  const device = { physicalBytes, advertisedBytes: 0, lowFraction: fraction, highFraction: fraction, hosts: names('host', hosts) }
  return {
    ...STATUS,
    ...rest,
    hosts: Object.fromEntries(
      names('host', hosts).map((id) => [id, { memoryBytes: physicalBytes, swapBytes: 0, devices: [], watermarks: WATERMARKS }]),
    ),
    devices: Object.fromEntries(names('device', devices).map((id) => [id, device])),
    workloads: names('workload', workloads).map((id, i) => ({ ...STATUS.workloads[i % 3]!, id })),
  }
}

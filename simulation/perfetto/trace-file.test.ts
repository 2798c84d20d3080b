import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Kind, Mail } from '#shared/messages.ts'
import { Arrows } from './arrows.ts'
import { Batches } from './batches.ts'
import { readTrace } from './reading.fixture.ts'
import { TraceFile } from './trace-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-trace-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MS = 1_000_000
const HOST = 1
const DEVICE = 2
const PROMOTER = 3

const pages = (count: number): Uint32Array => new Uint32Array(count)
function mail(from: number, to: number, kind: Kind, body: object): Mail {
  return { from, to, sequence: 0, kind, body } as unknown as Mail
}
const demote = (batch: number): Mail => mail(HOST, DEVICE, 'demote', { batch, pages: pages(5), sizes: new Uint16Array(5) })

function traced(write: (file: TraceFile) => void) {
  const path = join(folder, 'trace.json')
  {
    using file = new TraceFile(path, { scenario: '"tiny"' })
    for (const actor of [HOST, DEVICE, PROMOTER]) file.name(actor, `actor "${actor}"`)
    write(file)
  }
  return readTrace(readFileSync(path, 'utf8'))
}

describe('a trace file', () => {
  it('is whole when it is disposed of, even if nothing happened', () => {
    const trace = traced(() => {})
    expect(trace.about).toEqual({ scenario: '"tiny"' })
    expect(trace.names.get(HOST + 1)).toBe('actor "1"')
    expect(trace.events.every(({ ph }) => ph === 'M')).toBe(true)
  })

  it('gives virtual time in microseconds, with fractions', () => {
    const trace = traced((file) => file.counter(DEVICE, 'headroom', 'bytes', 1_500, 7))
    expect(trace.of('C')).toEqual([{ name: 'headroom', ph: 'C', pid: DEVICE + 1, tid: DEVICE + 1, ts: 1.5, args: { bytes: 7 } }])
  })

  it.runIf(process.platform === 'linux')('says when the disk is full, and is not written to again', () => {
    const file = new TraceFile('/dev/full', {})
    expect(() => file.close()).toThrow(/^CP_OUTPUT \/dev\/full: ENOSPC.*; expected a file that can be written$/)
    expect(() => file.close()).not.toThrow()
  })
})

describe('a batch', () => {
  it('that is admitted in part is one slice, from the question until both answers are heard', () => {
    const trace = traced((file) => {
      const batches = new Batches(file, (ordinal) => `actor-${ordinal}`)
      batches.heard([demote(7), demote(8)], 0, MS)
      const answers = [
        mail(DEVICE, HOST, 'admitted', { batch: 7, pages: pages(3) }),
        mail(DEVICE, HOST, 'refused', { batch: 7, pages: pages(2), reasons: new Uint8Array(2) }),
        mail(DEVICE, HOST, 'refused', { batch: 8, pages: pages(5), reasons: new Uint8Array(5) }),
      ]
      batches.heard(answers, MS, 2 * MS)
      batches.close(9 * MS)
    })
    const told = [...trace.of('b'), ...trace.of('e')].map(({ ph, pid, name, ts, args }) => ({ ph, pid, name, ts, args }))
    const name = 'demote to actor-2'
    expect(told).toEqual([
      { ph: 'b', pid: HOST + 1, name, ts: 0, args: { batch: 7, pages: 5 } },
      { ph: 'b', pid: HOST + 1, name, ts: 0, args: { batch: 8, pages: 5 } },
      { ph: 'e', pid: HOST + 1, name, ts: 2000, args: { admitted: 3, refused: 2 } },
      { ph: 'e', pid: HOST + 1, name, ts: 2000, args: { admitted: 0, refused: 5 } },
    ])
  })

  it('that is not answered when the run ends is closed there, and says so', () => {
    const trace = traced((file) => {
      const batches = new Batches(file, String)
      batches.heard([demote(7), mail(PROMOTER, HOST, 'promote', { pages: pages(4) })], 0, MS)
      batches.close(3 * MS)
    })
    expect(trace.of('e').map(({ ts, args }) => ({ ts, args }))).toEqual([
      { ts: 3000, args: { unanswered: 'the run ended' } },
      { ts: 3000, args: { unanswered: 'the run ended' } },
    ])
  })

  it('of promotions is matched with the oldest order of its promoter', () => {
    const trace = traced((file) => {
      const batches = new Batches(file, String)
      const order = (count: number): Mail => mail(PROMOTER, HOST, 'promote', { pages: pages(count) })
      batches.heard([order(4), order(6)], 0, MS)
      const answer = (home: number): Mail =>
        mail(HOST, PROMOTER, 'promoted', { home: pages(home), declined: pages(1), gone: pages(0) })
      batches.heard([answer(3), answer(5)], MS, 2 * MS)
    })
    const endOf = (id: unknown) => trace.of('e').find((event) => event.id === id)!.args
    expect(trace.of('b').map(({ id, args }) => ({ ...args, ...endOf(id) }))).toEqual([
      { pages: 4, home: 3, declined: 1, gone: 0 },
      { pages: 6, home: 5, declined: 1, gone: 0 },
    ])
  })
})

describe('arrows', () => {
  const END = 1000
  const PART_MAX = 3

  it('are bounded, spread over the run, and the first of each hundredth', () => {
    let arrows: Arrows | undefined
    const trace = traced((file) => {
      arrows = new Arrows(file, MS, END, PART_MAX * 100)
      // From the fifth hundredth on two mails a quantum, twenty in each.
      for (let sent = 40; sent < END - 1; sent++) arrows.heard([demote(sent), mail(DEVICE, HOST, 'pressure', { level: 1 })], sent)
    })
    expect(arrows).toMatchObject({ mails: 2 * 959, drawn: PART_MAX * 96 })
    const parts = Map.groupBy(trace.of('s'), ({ ts }) => Math.floor(ts / 10_000))
    expect([...parts.keys()]).toEqual(Array.from({ length: 96 }, (_, i) => i + 4))
    for (const [part, drawn] of parts) {
      const first = part * 10_000 + 500
      expect(drawn.map(({ ts, name }) => [ts, name])).toEqual([
        [first, 'demote'],
        [first, 'pressure'],
        [first + 1000, 'demote'],
      ])
    }
  })

  it('draw a step once for each actor and quantum, however many of them touch it', () => {
    const trace = traced((file) => {
      const arrows = new Arrows(file, MS, END)
      for (let sent = 0; sent < 3; sent++)
        arrows.heard([demote(1), demote(2), mail(DEVICE, HOST, 'pressure', { level: 0 })], sent)
    })
    expect(trace.of('s')).toHaveLength(9)
    const steps = trace.of('X').map(({ pid, args }) => `${pid} in ${String(args['quantum'])}`)
    expect(steps.toSorted()).toEqual(
      [HOST, DEVICE].flatMap((actor) => [0, 1, 2, 3].map((quantum) => `${actor + 1} in ${quantum}`)),
    )
  })
})

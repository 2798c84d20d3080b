import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CODECS, ContentSizes, PROFILE_NAMES, parseContent, type Codec } from './content.ts'
import { ColdpoolError } from './errors.ts'
import { loadDrifts, loadProfiles } from './measured.ts'
import { fork, Stream } from './random.ts'

const recording = join(import.meta.dirname, '../../shared/data/drift/redis_json.csv.gz')
const profiles = loadProfiles()
const drifts = loadDrifts()
const sizesUnder = (codec: Codec) => new ContentSizes(profiles, drifts, codec)
const lz4 = sizesUnder('lz4')
const unit = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((n) => (n + 0.5) * 2 ** -32)

/** The mean over all n quantiles, exactly as many as make the sample whole. */
function meanDraw(draw: (unit: number) => number, n: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) sum += draw((i + 0.5) / n)
  return sum / n
}

test.each(PROFILE_NAMES.flatMap((name) => CODECS.map((codec) => ({ name, codec }))))(
  'draws of $name under $codec have the mean of its pages',
  ({ name, codec }) => {
    const sizes = profiles[name][codec]
    const own = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
    expect(Math.abs(meanDraw(sizesUnder(codec).resolve(name).draw, sizes.length) - own)).toBeLessThan(1e-9)
  },
)

test('zero pages are as frequent in draws as they were in the program', () => {
  const { draw } = lz4.resolve('gcc')
  expect(meanDraw((u) => Number(draw(u) === 0), 32_228)).toBeCloseTo(1144 / 32_228, 9)
})

test('fixed contents have one size', () => {
  expect([lz4.draw('zero', 0.5), lz4.draw('incompressible', 0.5), lz4.draw('ratio=2.5', 0.1)]).toEqual([0, 4096, 1638])
  expect(lz4.draw('ratio=1000000', 0.5)).toBe(1)
  expect(lz4.after('incompressible', 12, 0.5)).toBe(4096)
})

test('a mix draws each part by its share, and the whole of each part', () => {
  const { draw } = lz4.resolve('redis_json*0.6+zero*0.3+incompressible*0.1')
  const n = 10 * profiles.redis_json.lz4.length
  expect(meanDraw((u) => Number(draw(u) === 4096), n)).toBeCloseTo(0.1 + 0.6 * share('redis_json', 4096), 4)
  expect(meanDraw((u) => Number(draw(u) === 0), n)).toBeCloseTo(0.3 + 0.6 * share('redis_json', 0), 4)
  expect(meanDraw(draw, n)).toBeCloseTo(0.6 * mean(profiles.redis_json.lz4) + 409.6, 0)
})

function share(name: 'redis_json', size: number): number {
  const sizes = profiles[name].lz4
  return sizes.filter((s) => s === size).length / sizes.length
}

function mean(sizes: ArrayLike<number>): number {
  return Array.from(sizes).reduce((sum, size) => sum + size, 0) / sizes.length
}

test.each(['gcc', 'ratio=3', 'redis_json*0.5+zero*0.5', 'sort*0.1+bfs*0.2+gcc*0.7', 'drift=redis_json'])(
  'every unit and size before gives a size from 0 to 4096: %s',
  (text) => {
    for (const codec of CODECS) {
      const law = sizesUnder(codec).resolve(text)
      fc.assert(
        fc.property(unit, fc.integer({ min: 0, max: 4096 }), (u, before) => {
          for (const size of [law.draw(u), law.after(before, u)]) {
            expect(Number.isInteger(size) && size >= 0 && size <= 4096).toBe(true)
          }
        }),
      )
    }
  },
)

describe('drift', () => {
  test('a page mostly stays near its size, and one that was not zero is not zero after a write', () => {
    const { after } = lz4.resolve('drift=redis_json')
    const moves = Array.from({ length: 320 }, (_, i) => after(1500, (i + 0.5) / 320) - 1500)
    expect(moves.toSorted((a, b) => a - b)[160]).toBe(1)
    expect(Math.max(...moves.map(Math.abs))).toBeLessThan(200)
    for (let i = 0; i < 32; i++) expect(after(1, (i + 0.5) / 32)).toBeGreaterThan(0)
  })

  test('a zero page fills up', () => {
    expect(meanDraw((u) => lz4.after('drift=redis_json', 0, u), 32)).toBeGreaterThan(1000)
  })

  test.each(CODECS)('written for a long time, a pool of pages settles near the profile instead of running away: %s', (codec) => {
    const law = sizesUnder(codec).resolve('drift=redis_json')
    const start = mean(profiles.redis_json[codec])
    const pages = Array.from({ length: 500 }, (_, i) => law.draw((i + 0.5) / 500))
    const stream = new Stream(fork(1, 'drift'))
    for (let write = 0; write < 300; write++) {
      for (let page = 0; page < pages.length; page++) pages[page] = law.after(pages[page]!, stream.unit())
    }
    expect(Math.abs(mean(pages) / start - 1)).toBeLessThan(0.08)
  })

  test.skipIf(!existsSync(recording))(
    'replayed through the kernel, the recorded changes do what they did (data/README.md)',
    () => {
      const { after } = lz4.resolve('drift=redis_json')
      const stream = new Stream(fork(1, 'replay'))
      const recorded = new Map<string, number>()
      const modelled = new Map<string, number>()
      let changes = 0
      const rechunked = { recorded: 0, modelled: 0 }
      const moved = { recorded: 0, modelled: 0 }
      for (const line of gunzipSync(readFileSync(recording)).toString().trimEnd().split('\n').slice(1)) {
        const [, page, changed, bytes] = line.split(',') as [string, string, string, string]
        // LZ4 makes 26 bytes of a page of zeros.
        const size = bytes === '26' ? 0 : Number(bytes)
        if (changed === '1') {
          changes++
          const next = after(modelled.get(page)!, stream.unit())
          rechunked.recorded += Number(chunks(size) !== chunks(recorded.get(page)!))
          rechunked.modelled += Number(chunks(next) !== chunks(modelled.get(page)!))
          moved.recorded += Math.abs(size - recorded.get(page)!)
          moved.modelled += Math.abs(next - modelled.get(page)!)
          modelled.set(page, next)
        } else modelled.set(page, size)
        recorded.set(page, size)
      }
      expect(changes).toBe(50_967)
      expect(mean([...recorded.values()])).toBeCloseTo(1964, 0)
      expect(mean([...modelled.values()]) / mean([...recorded.values()])).toBeCloseTo(1, 2)
      expect(rechunked.recorded / changes).toBeCloseTo(0.104, 3)
      expect(Math.abs(rechunked.modelled / changes - 0.113)).toBeLessThan(0.004)
      expect(moved.recorded / changes).toBeCloseTo(51, 0)
      expect(Math.abs(moved.modelled / changes - 57)).toBeLessThan(2)
    },
  )
})

test.each([
  'redis_jsn',
  '',
  'ratio=',
  'ratio=0.5',
  'ratio=x',
  'ratio=1e',
  'drift=gcc',
  'zero*0.5',
  'zero*0.5+gcc*0.4',
  'zero*0.5+gcc',
  'zero*-1+gcc*2',
  'ratio=2*1',
  'zero*1 ',
  '__proto__',
])('a text that names no content is refused with its reason: %j', (text) => {
  expect(() => parseContent(text)).toThrow(ColdpoolError)
  expect(() => parseContent(text)).toThrow(/^CP_SCENARIO_SHAPE content .*; expected a profile/)
})

function chunks(size: number): number {
  return Math.ceil(size / 512)
}

test('a text is resolved once', () => {
  expect(lz4.resolve('gcc*0.5+zero*0.5')).toBe(lz4.resolve('gcc*0.5+zero*0.5'))
})

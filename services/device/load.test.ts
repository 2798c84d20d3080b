import { describe, expect, test } from 'vitest'
import { deviceSpec } from './device.fixture.ts'
import { idleLoad, loadUnder, type Offered } from './load.ts'

const spec = deviceSpec({ extraLatencyNs: 80 })
const NOTHING: Offered = { readBytes: 0, writeBytes: 0, compressedReads: 0, recompressions: 0 }
/** Reads per second that occupy the decompressor fully, half a page each. */
const DECOMPRESSOR_READS = spec.decompressBytesPerSecond / 2048
const COMPRESSOR_PAGES = spec.compressBytesPerSecond / 4096

describe('the load of a device', () => {
  test('is curve, switch, metadata and codec when idle', () => {
    const rawReadNs = 107.4 + 80 + 2.9
    expect(idleLoad(spec)).toEqual({
      rawReadNs: expect.closeTo(rawReadNs, 9),
      compressedReadNs: expect.closeTo(rawReadNs + 140, 9),
      zeroReadNs: expect.closeTo(rawReadNs, 9),
      writeNs: expect.closeTo(107.4 + 80, 9),
      utilisation: 0,
      devLoad: 0,
    })
  })

  test('makes compressed reads wait for the decompressor, by M/D/1', () => {
    const idle = idleLoad(spec)
    const half = loadUnder({ ...NOTHING, compressedReads: DECOMPRESSOR_READS / 2 }, spec)
    const serviceNs = (2048 / 14.8e9) * 1e9
    expect(half.utilisation).toBeCloseTo(0.5, 12)
    expect(half.compressedReadNs - idle.compressedReadNs).toBeCloseTo(serviceNs / 2, 9)
    expect(half.rawReadNs).toBe(idle.rawReadNs)
  })

  test('waits no longer for an engine that is offered too much: its hosts pay for the rest', () => {
    const waits = [0.95, 1, 2, 4].map((utilisation) => {
      const load = loadUnder({ ...NOTHING, compressedReads: DECOMPRESSOR_READS * utilisation }, spec)
      expect(load.utilisation).toBeCloseTo(utilisation, 12)
      return load.compressedReadNs - load.rawReadNs - 140
    })
    for (const wait of waits) expect(wait).toBeCloseTo((0.95 / 0.1) * (2048 / 14.8), 6)
  })

  test('hides recompression behind posted writes until the compressor is offered more than it can do', () => {
    const busy = loadUnder({ ...NOTHING, recompressions: COMPRESSOR_PAGES * 0.9 }, spec)
    const overrun = loadUnder({ ...NOTHING, recompressions: COMPRESSOR_PAGES * 3 }, spec)
    expect(busy.writeNs).toBe(idleLoad(spec).writeNs)
    expect(overrun.writeNs).toBeCloseTo(107.4 + 80 + 662, 6)
  })

  test.for([
    [0.24, 0],
    [0.26, 1],
    [0.69, 1],
    [0.71, 2],
    [0.89, 2],
    [0.91, 3],
    [2, 3],
  ] as const)('at utilisation %f is of DevLoad class %i', ([utilisation, devLoad]) => {
    expect(loadUnder({ ...NOTHING, compressedReads: DECOMPRESSOR_READS * utilisation }, spec).devLoad).toBe(devLoad)
    expect(loadUnder({ ...NOTHING, readBytes: 29.5e9 * utilisation }, spec).devLoad).toBe(devLoad)
  })

  test('takes the read share from the bytes', () => {
    expect(loadUnder({ ...NOTHING, readBytes: 0.6 * 35.5e9, writeBytes: 0.4 * 35.5e9 }, spec).writeNs).toBeCloseTo(136.6 + 80, 6)
  })
})

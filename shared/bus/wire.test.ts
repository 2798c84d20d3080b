import { describe, expect, test } from 'vitest'
import { Dropped, subject } from './wire.ts'
import { type Faults, Network } from './wire.fixture.ts'

test('a subject says scope, kind, who speaks and who is to hear', () => {
  expect(subject('run-1', 'grant', 'conductor', 'all')).toBe('coldpool.run-1.grant.conductor.all')
  expect(subject('run-1', 'bag', '*', 3)).toBe('coldpool.run-1.bag.*.3')
})

test('what was dropped is counted by cause', () => {
  const dropped = new Dropped()
  dropped.count('old')
  dropped.count('malformed')
  dropped.count('old')
  expect(dropped.counts).toEqual({ old: 2, malformed: 1 })
})

describe('the network of the tests', () => {
  function heardWith(seed: number, faults: Faults): string[] {
    const network = new Network(seed, faults)
    const heard: string[] = []
    network.wire('b').subscribe('x.*', (bytes, at) => void heard.push(`${network.now().toFixed(3)} ${at} ${bytes[0]}`))
    const a = network.wire('a')
    for (let i = 0; i < 100; i++) a.publish(`x.${i}`, Uint8Array.of(i))
    network.advance(1000)
    return heard
  }

  test('carries everything, in order, unless it is told otherwise', () => {
    const heard = heardWith(1, { loss: 0, double: 0, delay: 0, delayMsMax: 0 })
    expect(heard).toEqual(Array.from({ length: 100 }, (_, i) => `0.100 x.${i} ${i}`))
  })

  test('loses, doubles and reorders, the same with the same seed', () => {
    const bad: Faults = { loss: 0.2, double: 0.2, delay: 0.3, delayMsMax: 50 }
    const heard = heardWith(1, bad)
    expect(heardWith(1, bad)).toEqual(heard)
    expect(heardWith(2, bad)).not.toEqual(heard)
    const numbers = heard.map((line) => Number(line.split(' ')[2]))
    expect(new Set(numbers).size).toBeLessThan(100)
    expect(new Set(numbers).size).toBeLessThan(numbers.length)
    expect(numbers).not.toEqual(numbers.toSorted((x, y) => x - y))
  })

  test('matches part by part, and speaks to who is connected', () => {
    const network = new Network()
    const heard: string[] = []
    const [a, b] = [network.wire('a'), network.wire('b')]
    b.subscribe('x.*.z', (_, at) => void heard.push(at))
    const own = a.subscribe('x.y.z', () => void heard.push('own'))
    for (const at of ['x.y.z', 'x.z', 'x.y.z.z', 'x.y.y']) a.publish(at, Uint8Array.of(1))
    network.advance(1)
    expect(heard).toEqual(['x.y.z', 'own'])
    own.stop()
    network.cut('b', 10)
    a.publish('x.1.z', Uint8Array.of(1))
    network.advance(10)
    a.publish('x.2.z', Uint8Array.of(1))
    network.advance(1)
    expect(heard).toEqual(['x.y.z', 'own', 'x.2.z'])
  })

  test('keeps timers and requests', async () => {
    const network = new Network()
    const wire = network.wire('a')
    const ticks: number[] = []
    const timer = wire.every(10, () => void ticks.push(wire.now()))
    network.advance(35)
    timer.stop()
    network.advance(35)
    expect(ticks).toEqual([10, 20, 30])
    wire.serve('q', (bytes) => Promise.resolve(Uint8Array.of(bytes[0]! + 1)))
    expect(await network.request('q', Uint8Array.of(1))).toEqual(Uint8Array.of(2))
    await wire.close()
    await expect(network.request('q', Uint8Array.of(1))).rejects.toThrow('nobody serves q')
    expect(wire.closed).toBe(true)
  })
})

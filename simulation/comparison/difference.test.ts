import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Figures, Verdict } from '../verdict.ts'
import { differencesOf } from './difference.ts'

function verdict(hosts: Record<string, Figures>): Verdict {
  return { ...BARE, hosts }
}

const BARE: Verdict = {
  scenario: 'x',
  seed: 1,
  digest: 'x',
  bus: 'memory',
  interrupted: false,
  virtualSeconds: 1,
  wallSeconds: 1,
  pages: 1,
  transitions: 1,
  quanta: 1,
  hosts: {},
  devices: {},
  promoters: {},
  workloads: {},
  bear: { outrun: true, closestHeadroomBytes: 1, atSeconds: 1 },
  story: [],
}

describe('differences of verdicts', () => {
  test('say by how much, absolutely and as a share of the first, the largest first; what is equal is counted', () => {
    const { differences, equal } = differencesOf([
      verdict({ 'host-1': { demoted: 100, slowdown: 1, latencyNs: { p99: 250, mean: 100 } } }),
      verdict({ 'host-1': { demoted: 150, slowdown: 1, latencyNs: { p99: 250, mean: 10 } } }),
      verdict({ 'host-1': { demoted: 90, slowdown: 1, latencyNs: { p99: 250, mean: 100 } } }),
    ])
    expect(differences).toEqual([
      {
        kind: 'hosts',
        actor: 'host-1',
        figure: 'latencyNs.mean',
        values: [100, 10, 100],
        absolute: [-90, 0],
        relative: [-0.9, 0],
        size: 0.9,
      },
      {
        kind: 'hosts',
        actor: 'host-1',
        figure: 'demoted',
        values: [100, 150, 90],
        absolute: [50, -10],
        relative: [0.5, -0.1],
        size: 0.4,
      },
    ])
    expect(equal).toEqual({ devices: 0, hosts: 2, promoters: 0, workloads: 0 })
  })

  test('from nothing have no share; what one run does not have at all differs most', () => {
    const { differences } = differencesOf([
      verdict({ 'host-1': { refused: 0 } }),
      verdict({ 'host-1': { refused: 7 }, 'host-2': { refused: 0 } }),
    ])
    expect(differences).toMatchObject([
      { actor: 'host-2', values: [null, 0], absolute: [null], relative: [null], size: 2 },
      { actor: 'host-1', values: [0, 7], absolute: [7], relative: [null], size: 1 },
    ])
  })

  test('a figure without a value is as one that is not there', () => {
    const { differences, equal } = differencesOf([verdict({ a: { x: NaN, y: NaN } }), verdict({ a: { x: NaN, y: 1 } })])
    expect(differences).toMatchObject([{ figure: 'y', values: [null, 1] }])
    expect(equal.hosts).toBe(1)
  })

  const hosts = fc.dictionary(
    fc.constantFrom('host-1', 'host-2', 'host-3'),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })), {
      noNullPrototype: true,
    }),
    { noNullPrototype: true },
  )

  test('every figure is either equal or a difference; a run against itself has none; sizes descend from 2', () => {
    fc.assert(
      fc.property(fc.array(hosts, { minLength: 2, maxLength: 4 }), (all) => {
        const figures = new Set(
          all.flatMap((own) => Object.entries(own).flatMap(([id, f]) => Object.keys(f).map((name) => `${id} ${name}`))),
        )
        const { differences, equal } = differencesOf(all.map(verdict))
        expect(differences.length + equal.hosts).toBe(figures.size)
        const sizes = differences.map(({ size }) => size)
        expect(sizes).toEqual(sizes.toSorted((x, y) => y - x))
        expect(sizes.every((size) => size > 0 && size <= 2)).toBe(true)
        expect(differencesOf([all[0]!, all[0]!].map(verdict)).differences).toEqual([])
      }),
    )
  })
})

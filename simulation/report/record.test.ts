import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { formatInjection, INJECTIONS_HEADER } from '../injections.ts'
import { battle, INJECTED, parentFolder, verdictIn } from './folder.fixture.ts'
import { RunRecord } from './record.ts'

const parent = parentFolder()
let folder: string

beforeAll(async () => {
  folder = await battle(parent, [], INJECTED)
})

function copy(): string {
  const path = join(parent, 'copy')
  rmSync(path, { recursive: true, force: true })
  cpSync(folder, path, { recursive: true })
  return path
}

describe('a run folder comes back', () => {
  test('with its verdict, its scenario and its events, commands among them', () => {
    const record = RunRecord.read(folder)
    expect(record.verdict).toEqual(verdictIn(folder))
    expect(record.name).toMatch(/^battle-\d{8}T\d{6}$/)
    expect(record.scenario.devices['device-1']!.physical).toBe(9 * 2 ** 20)
    expect(record.scenarioText).toBe(readFileSync(join(folder, 'scenario.yaml'), 'utf8'))
    expect(record.hasInjections).toBe(true)
    expect(record.events.filter(({ actor }) => actor === 'operator')).toEqual([
      { seconds: 0.9, actor: 'operator', code: 'inject', fields: { workload: 'late' } },
      { seconds: 1.2, actor: 'operator', code: 'stop', fields: { workload: 'late' } },
    ])
    const attack = record.events.find(({ code }) => code === 'attack')
    expect(attack).toEqual({
      seconds: 0.7,
      actor: 'bear',
      code: 'attack',
      fields: { bytesPerSecond: 1e8, content: 'incompressible' },
    })
    expect(record.events.map(({ seconds }) => seconds)).toEqual(
      record.events.map(({ seconds }) => seconds).toSorted((x, y) => x - y),
    )
  })

  test('with the metrics of each actor, which end as the verdict says', () => {
    const record = RunRecord.read(folder)
    for (const [id, figures] of Object.entries(record.verdict.hosts)) {
      const metrics = record.metrics(id)!
      expect(metrics.seconds.at(-1)).toBe(record.verdict.virtualSeconds)
      expect(metrics.values('demoted')!.at(-1)).toBe(figures['demoted'])
    }
    expect(record.metrics('nobody')).toBeUndefined()
    expect(record.metrics('../verdict')).toBeUndefined()
  })

  test('a command of each kind is read as the run has written it; mail of foreign workloads is no news', () => {
    const path = copy()
    const commands = [
      formatInjection({ quantum: 10, command: { kind: 'join', id: 'true', ordinal: 9, host: 'host-1' } }, 1e6),
      formatInjection({ quantum: 11, command: { kind: 'mail', id: 'true', mail: 'profile', body: new Uint8Array(9) } }, 1e6),
      formatInjection({ quantum: 12, command: { kind: 'gone', id: 'true' } }, 1e6),
      formatInjection({ quantum: 9e9, command: { kind: 'stop', id: 'too-late' } }, 1e6),
    ]
    writeFileSync(join(path, 'injections.yaml'), INJECTIONS_HEADER + commands.join(''))
    const told = RunRecord.read(path).events.filter(({ actor }) => actor === 'operator')
    expect(told.map(({ seconds, code, fields }) => [seconds, code, fields['workload']])).toEqual([
      [0.01, 'join', 'true'],
      [0.012, 'gone', 'true'],
    ])
  })

  test('a figure without a value, which JSON writes as null, has none', () => {
    const path = copy()
    const file = join(path, 'verdict.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"closestHeadroomBytes": [\d.-]+/, '"closestHeadroomBytes": null'))
    expect(RunRecord.read(path).verdict.bear.closestHeadroomBytes).toBeNaN()
  })
})

describe('what is no run folder, or a damaged one, is told in one line:', () => {
  const cut = (file: string, text: string) => (path: string) => writeFileSync(join(path, file), text)

  test.each<readonly [name: string, damage: (path: string) => void, message: RegExp]>([
    ['no folder', (path) => rmSync(path, { recursive: true }), /copy: is no folder; expected the folder of a run, such as/],
    [
      'no verdict',
      (path) => rmSync(join(path, 'verdict.json')),
      /verdict\.json: there is no such file; expected .* that has ended/,
    ],
    ['half a verdict', cut('verdict.json', '{ "scenario": '), /verdict\.json: is no verdict; expected a verdict as a run/],
    ['a verdict without devices', cut('verdict.json', '{ "scenario": "x" }'), /verdict\.json: its seed is missing or wrong;/],
    ['a scenario that is none', cut('scenario.yaml', 'name: x'), /scenario\.yaml: does not hold \(CP_SCENARIO_SHAPE .*\);/],
    ['no events', (path) => rmSync(join(path, 'events.ndjson')), /events\.ndjson: there is no such file/],
    [
      'a torn event',
      (path) => appendFileSync(join(path, 'events.ndjson'), '{"seconds":1,'),
      /events\.ndjson: line \d+ is no event/,
    ],
    [
      'an event that is none',
      (path) => appendFileSync(join(path, 'events.ndjson'), '{}'),
      /events\.ndjson: line \d+ is no event/,
    ],
    ['a torn metric', cut('metrics/host-1.csv', 'seconds,demoted\n0,1\n1'), /host-1\.csv: line 3 has 1 cells for 2 columns/],
    [
      'no text',
      (path) => writeFileSync(join(path, 'scenario.yaml'), new Uint8Array([0xff, 0xfe])),
      /scenario\.yaml: is no UTF-8/,
    ],
  ])('%s', (_, damage, message) => {
    const path = copy()
    damage(path)
    expect(() => RunRecord.read(path).metrics('host-1')).toThrow(
      expect.objectContaining({ code: 'CP_RUN_FOLDER', message: expect.stringMatching(message) as string }),
    )
    expect(() => RunRecord.read(path).metrics('host-1')).toThrow(/^[^\n]+$/)
  })
})

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Report } from '#shared/bus/bus.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import type { Script } from '#shared/command.ts'
import { fork, Stream } from '#shared/random.ts'
import { parseScenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { quantumAt, type Quantum } from '#shared/time.ts'
import { conduct, type GrantOutcome } from '#services/conductor/grants.ts'
import { Cast } from './actors.ts'
import { RunFolder } from './folder.ts'
import { parseInjections } from './injections.ts'
import { eventsOf, Ledger, type LedgerSnapshot } from './ledger.ts'

const YAML = `
name: books
duration: 1s
sample: 50ms
devices:
  device-1: { physical: 8MiB, advertised: 64MiB }
hosts:
  host-1: { memory: 32MiB, devices: [device-1], watermarkScaleFactor: 200, swap: { size: 64MiB } }
workloads:
  web: { host: host-1, kind: uniform, size: 44MiB, accesses: 200k/s, writes: incompressible }
`
const INJECTIONS = `
- { quantum: 300, inject: bear, workload: { host: host-1, kind: bear, size: 8MiB, content: zero, rate: 400MB/s, attack: 200ms } }
- { quantum: 700, stop: bear }
`
const scenario = parseScenario(YAML, 'books')
const parent = mkdtempSync(join(tmpdir(), 'coldpool-ledger-'))
afterAll(() => rmSync(parent, { recursive: true }))

/** Reports of a run, as they came. */
const heard: { readonly quantum: Quantum; readonly reports: readonly Report[] }[] = []
let cast: Cast
let outcome: GrantOutcome
let script: Script

beforeAll(async () => {
  script = parseInjections(INJECTIONS, 'injections.yaml', scenario)
  cast = new Cast(scenario)
  const bus = new MemoryBus()
  const actors = cast.members.map(({ ordinal }) => cast.actor(ordinal))
  const recruit = (command: (typeof script.commands)[number]['command']) => {
    const ordinal = cast.learn(command)
    return ordinal === undefined ? undefined : cast.actor(ordinal)
  }
  await bus.join(0, new Stage(0, actors, () => 0, recruit))
  outcome = await conduct(bus, {
    end: quantumAt(scenario.duration, scenario.quantum),
    sampleEvery: scenario.sample / scenario.quantum,
    script,
    proceed: () => true,
    onReports: (quantum, reports) => {
      heard.push({ quantum, reports })
      return true
    },
  })
})

/** Every file of a run folder, with its bytes. */
function contents(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(path, file)).isFile())
  return Object.fromEntries(files.toSorted().map((file) => [file, readFileSync(join(path, file), 'utf8')]))
}

function begin(): RunFolder {
  const folder = RunFolder.create(parent, scenario, YAML)
  for (const stamped of script.commands) folder.injection(stamped)
  return folder
}

function undisturbed(): Record<string, string> {
  const folder = begin()
  const ledger = new Ledger(cast, folder)
  for (const { quantum, reports } of heard) ledger.reports(quantum, reports)
  ledger.finish(outcome, 'memory', 1)
  return contents(folder.path)
}

/** Goes back now and then, and every other time in a new process, which opens the folder anew. */
function disturbed(stream: Stream): { files: Record<string, string>; rollbacks: number } {
  let folder = begin()
  let ledger = new Ledger(cast, folder)
  let saved: { at: number; ledger: LedgerSnapshot } = { at: 0, ledger: ledger.snapshot() }
  let rollbacks = 0
  for (let i = 0; i < heard.length; i++) {
    const { quantum, reports } = heard[i]!
    ledger.reports(quantum, reports)
    if (stream.below(50) === 0) saved = { at: i + 1, ledger: structuredClone(ledger.snapshot()) }
    if (stream.below(90) !== 0) continue
    rollbacks++
    if (rollbacks % 2 === 0) {
      folder = RunFolder.open(folder.path, scenario)
      ledger = new Ledger(cast, folder)
    }
    ledger.restore(saved.ledger)
    i = saved.at - 1
  }
  ledger.finish(outcome, 'memory', 1)
  return { files: contents(folder.path), rollbacks }
}

describe('the books of a run', () => {
  test('tell of it: an attack of an injected bear, a sample for each of its metrics', () => {
    const files = undisturbed()
    expect(Object.keys(files)).toEqual([
      'events.ndjson',
      'injections.yaml',
      'metrics/bear.csv',
      'metrics/conductor.csv',
      'metrics/device-1.csv',
      'metrics/host-1.csv',
      'metrics/web.csv',
      'scenario.yaml',
      'verdict.json',
    ])
    expect(files['verdict.json']).toContain('At 500 ms bear on host-1 began to overwrite its pooled pages')
    expect(files['metrics/bear.csv']!.split('\n').length).toBeGreaterThan(10)
  })

  test('are the same byte for byte, however often the run goes back', () => {
    const files = undisturbed()
    let rollbacks = 0
    for (let seed = 0; seed < 8; seed++) {
      const result = disturbed(new Stream(fork(seed, 'rollbacks')))
      rollbacks += result.rollbacks
      expect(result.files).toEqual(files)
    }
    expect(rollbacks).toBeGreaterThan(20)
  })

  test('tell what happened in a quantum in the order of the actors, wherever they are carried', () => {
    const report = (stage: number, ...told: readonly (readonly [actor: string, code: string])[]): Report => ({
      stage,
      nextWake: 1,
      mails: 0,
      events: told.map(([actor, code]) => ({ quantum: 0, actor, code, fields: {} })),
    })
    const reports = [report(0, ['web', 'b'], ['web', 'a']), report(1), report(2, ['host-1', 'd'], ['device-1', 'c'])]
    expect(eventsOf(reports, new Cast(scenario)).map(({ actor, code }) => `${actor} ${code}`)).toEqual([
      'host-1 d',
      'device-1 c',
      'web b',
      'web a',
    ])
  })

  test('go back to before the first sample: files that did not exist then are removed', () => {
    const folder = begin()
    const ledger = new Ledger(cast, folder)
    const empty = ledger.snapshot()
    const before = contents(folder.path)
    for (const { quantum, reports } of heard) ledger.reports(quantum, reports)
    ledger.finish(outcome, 'memory', 1)
    ledger.restore(empty)
    expect(contents(folder.path)).toEqual(before)
    expect(Object.keys(before)).toEqual(['events.ndjson', 'injections.yaml', 'scenario.yaml'])
  })

  test('are not restored from a folder that has lost what was written', () => {
    const folder = begin()
    const ledger = new Ledger(cast, folder)
    for (const { quantum, reports } of heard) ledger.reports(quantum, reports)
    const saved = ledger.snapshot()
    truncateSync(join(folder.path, 'events.ndjson'), 3)
    expect(() => ledger.restore(saved)).toThrow(/^CP_OUTPUT .*events\.ndjson: has 3 bytes; expected at least the \d+ that were/)
    expect(() => RunFolder.open(join(parent, 'nowhere'), scenario)).toThrow(/^CP_OUTPUT .*nowhere/)
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import type { Kind } from '#shared/messages.ts'
import type { Scenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { main } from '#cli/program.ts'
import { TINY_YAML } from '#simulation/cluster/tiny.fixture.ts'
import { parseInjections } from '#simulation/injections.ts'
import { readTrace } from '#simulation/perfetto/reading.fixture.ts'
import { openTrace } from '#simulation/perfetto/trace.ts'
import { runScenario } from '#simulation/run.ts'
import { BASE } from './bad-input/case.ts'
import { HOMECOMING, STORM } from './scenario.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-perfetto-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => void vi.restoreAllMocks())

const NEWCOMER = '- { quantum: 900, inject: late, workload: { host: host-1, kind: uniform, size: 4MiB, accesses: 1k/s } }\n'

/** Runs it with a trace; mails (those that were delivered) and events are as the stage saw them. */
async function traced(scenario: Scenario, injections?: string) {
  const path = join(folder, `${scenario.name}.json`)
  const step = vi.spyOn(Stage.prototype, 'step')
  const note = vi.spyOn(Stage.prototype, 'note')
  using traceFile = openTrace(path, scenario)
  const script = injections === undefined ? {} : { script: parseInjections(injections, 'injections.yaml', scenario) }
  let samples = 0
  const { verdict } = await runScenario(
    { scenario, yaml: '', out: undefined, ...script },
    { traceFile, onSample: () => samples++ },
  )
  const mails = step.mock.calls.flatMap(([grant, bags]) => (grant.final ? [] : bags.flatMap((bag) => bag.mails)))
  return {
    verdict,
    trace: readTrace(readFileSync(path, 'utf8')),
    events: note.mock.calls.map(([event]) => event),
    // The end of the run is one, too.
    samples: samples + 1,
    count: (kind: Kind) => mails.filter((mail) => mail.kind === kind).length,
    mails,
  }
}

const sum = (values: readonly unknown[]): number => values.reduce<number>((total, value) => total + ((value as number) ?? 0), 0)

describe.each([
  [STORM, undefined],
  [STORM, NEWCOMER],
  [HOMECOMING, undefined],
] as const)('a traced run, $name', (scenario, injections) => {
  test('has the digest of one that is not traced', async () => {
    const { verdict } = await traced(scenario, injections)
    const script = injections === undefined ? {} : { script: parseInjections(injections, 'injections.yaml', scenario) }
    const plain = await runScenario({ scenario, yaml: '', out: undefined, ...script })
    expect(verdict.digest).toBe(plain.verdict.digest)
  })

  test('tells every batch, event, sample and mail of the run, and none that was not', async () => {
    const { trace, verdict, count, mails, events, samples } = await traced(scenario, injections)
    const begun = trace.of('b', 'demotion')
    const ended = trace.of('e', 'demotion').map(({ args }) => args)
    expect(begun.length).toBeGreaterThan(10)
    expect(begun).toHaveLength(count('demote'))
    const refused = Object.values(verdict.devices).flatMap((device) => Object.values(device['refused']!))
    expect(sum(ended.map((args) => args['refused']))).toBe(sum(refused))
    if (scenario === STORM) expect(sum(refused)).toBeGreaterThan(100)
    expect(sum(ended.map((args) => args['admitted']))).toBe(
      sum(mails.map((mail) => (mail.kind === 'admitted' ? mail.body.pages.length : 0))),
    )
    // Where there is a promoter, it has something to do.
    expect(count('promote')).toBeGreaterThan(1)
    expect(trace.of('b', 'promotion')).toHaveLength(count('promote'))
    const settled = trace.of('e', 'promotion').map(({ args }) => args)
    for (const outcome of ['home', 'declined', 'gone']) {
      const counted = Object.values(verdict.promoters).map((promoter) => promoter[outcome])
      expect(sum(settled.map((args) => args[outcome]))).toBe(sum(counted))
    }

    const told = trace.of('i', 'event').map(({ name, pid, ts, args }) => {
      return { quantum: (ts * 1000) / scenario.quantum, actor: trace.names.get(pid), code: name, fields: args }
    })
    const named = events.map(({ fields, ...event }) => {
      const { workload } = fields
      return { ...event, fields: typeof workload === 'number' ? { ...fields, workload: trace.names.get(workload + 1) } : fields }
    })
    expect(named.length).toBeGreaterThan(2)
    expect(told).toHaveLength(named.length)
    expect(told).toEqual(expect.arrayContaining(named))
    expect(trace.of('s')).toHaveLength(mails.length)

    for (const device of Object.keys(scenario.devices)) {
      const headroom = trace.of('C').filter(({ name, pid }) => name === 'headroom' && trace.names.get(pid) === device)
      expect(headroom).toHaveLength(samples)
      expect(headroom.at(-1)!.args['bytes']).toBe(verdict.devices[device]!['headroomBytes'])
    }
  })

  test('has a process for each actor, and slowdowns and latencies that are the samples’', async () => {
    const { trace, verdict, samples } = await traced(scenario, injections)
    const actors = ['hosts', 'devices', 'promoters', 'workloads'] as const
    expect([...trace.names.values()]).toEqual(['conductor', ...actors.flatMap((kind) => Object.keys(verdict[kind]))])
    expect([...trace.names.values()].includes('late')).toBe(injections !== undefined)
    const last = (actor: string, name: string) =>
      trace.of('C').findLast((event) => event.name === name && trace.names.get(event.pid) === actor)?.args
    for (const [id, device] of Object.entries(verdict.devices)) {
      const { mean } = device['readNs'] as { mean: number }
      expect(last(id, 'mean read latency since the start')).toEqual({ ns: mean })
    }
    for (const id of Object.keys(verdict.hosts)) {
      const slowdowns = trace.of('C').filter(({ name, pid }) => name.startsWith('slowdown') && trace.names.get(pid) === id)
      expect(slowdowns.length).toBeGreaterThan(0)
      expect(slowdowns.length).toBeLessThanOrEqual(samples)
      for (const { args } of slowdowns) expect(args['times']).toBeGreaterThanOrEqual(1)
    }
  })
})

describe('coldpool run --perfetto', () => {
  async function coldpool(...argv: readonly string[]) {
    let stderr = ''
    const io = { stdout: { write: () => {} }, stderr: { write: (line: string) => (stderr += line) } }
    return { exitCode: await main([...argv, '--quiet', '--out', join(folder, 'runs')], io), stderr }
  }

  test('writes over an earlier trace, and says in the file how many arrows it may have', async () => {
    const scenario = join(folder, 'tiny.yaml')
    const path = join(folder, 'tiny.json')
    writeFileSync(scenario, TINY_YAML)
    writeFileSync(path, 'x'.repeat(1 << 20))
    expect(await coldpool('run', scenario, '--perfetto', path)).toEqual({ exitCode: 0, stderr: '' })
    const trace = readTrace(readFileSync(path, 'utf8'))
    expect(trace.about).toMatchObject({ scenario: 'tiny', seed: 1, arrowsMax: 50_000 })
    const { length } = trace.of('s')
    expect(trace.of('i', 'trace').map(({ args }) => args)).toEqual([{ drawn: length, mails: length }])
  })

  test('Ctrl-C leaves a trace that can be opened', async () => {
    const scenario = join(folder, 'long.yaml')
    const path = join(folder, 'long.json')
    writeFileSync(scenario, BASE.replace('duration: 1s', 'duration: 10h'))
    const argv = ['cli/main.ts', 'run', scenario, '--out', join(folder, 'runs'), '--perfetto', path, '--json']
    const child = spawn(process.execPath, argv)
    const stdout = text(child.stdout)
    while (!(existsSync(path) && statSync(path).size > 0) && child.exitCode === null) await sleep(20)
    child.kill('SIGINT')
    const [exitCode] = (await once(child, 'exit')) as [number | null]
    expect(exitCode).toBe(130)
    const { virtualSeconds, interrupted } = JSON.parse(await stdout) as { virtualSeconds: number; interrupted: boolean }
    expect(interrupted).toBe(true)
    const trace = readTrace(readFileSync(path, 'utf8'))
    expect(trace.of('i', 'trace').map(({ ts }) => ts / 1e6)).toEqual([virtualSeconds])
  })
})

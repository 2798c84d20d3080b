/** Run folders to make reports of: of a run that was run, and of one with as many actors as a report has to hold. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Telemetry } from '#shared/actor.ts'
import { Script } from '#shared/command.ts'
import { loadScenario, parseScenario } from '#shared/scenario.ts'
import { Stream, fork } from '#shared/random.ts'
import { RunFolder } from '../folder.ts'
import { parseInjections } from '../injections.ts'
import { runScenario } from '../run.ts'
import type { Figures, Verdict } from '../verdict.ts'

/** A device that runs out of space under a bear, so that there is something of everything: interrupts, refusals, poison. */
export const BATTLE = `
name: battle
duration: 1500ms
sample: 50ms
devices:
  device-1: { physical: 9MiB, advertised: 64MiB, low: 8%, high: 12%, flush: 20ms }
  device-2: { physical: 9MiB, advertised: 64MiB, low: 0%, high: 0% }
hosts:
  host-1: { memory: 24MiB, devices: [device-2, device-1], watermarkScaleFactor: 200 }
  host-2: { memory: 24MiB, devices: [device-1], watermarkScaleFactor: 200, swap: { size: 64MiB } }
promoters:
  promoter-2: { host: host-2, threshold: 1, sleep: 50ms, batch: 64 }
workloads:
  one: { host: host-1, kind: uniform, size: 32MiB, accesses: 100k/s, content: { ratio: 4 }, writes: incompressible }
  two: { host: host-2, kind: zipf, size: 44MiB, accesses: 500k/s, content: { ratio: 4 }, writes: incompressible }
  bear: { host: host-1, kind: bear, size: 16MiB, content: zero, rate: 100MB/s, attack: 700ms }
`

export const INJECTED = `
- { quantum: 900, inject: late, workload: { host: host-2, kind: uniform, size: 2MiB, accesses: 10k/s } }
- { quantum: 1200, stop: late }
`

/** A folder for folders, gone when the tests of the file are done. */
export function parentFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'coldpool-report-'))
  afterAll(() => rmSync(parent, { recursive: true }))
  return parent
}

/** Gives the folder of a run of BATTLE, with commands if they are given. */
export async function battle(parent: string, overrides: readonly string[] = [], injections?: string): Promise<string> {
  const { scenario, yaml } = loadScenario(BATTLE, 'battle', overrides)
  const script = injections === undefined ? new Script() : parseInjections(injections, 'injections', scenario)
  return (await runScenario({ scenario, yaml, out: parent, script })).folder!
}

export function verdictIn(folder: string): Verdict {
  return JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')) as Verdict
}

const HOSTS = 64
const DEVICES = 8
/** More than a curve keeps. */
const SAMPLES = 400
const DEVICES_OF_HOST = 4

/** 64 hosts, each on 4 of 8 devices, with a promoter and a workload each, and noise as metrics, which does not thin well. */
export function crowd(parent: string, { metrics }: { readonly metrics: readonly string[] }): string {
  const range = (count: number, kind: string): string[] => Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`)
  const hosts = range(HOSTS, 'host')
  const devices = range(DEVICES, 'device')
  const promoters = range(HOSTS, 'promoter')
  const workloads = range(HOSTS, 'load')
  const each = (ids: readonly string[], form: (i: number) => string): string =>
    ids.map((id, i) => `  ${id}: ${form(i)}`).join('\n')
  const own = (host: number): string[] => devices.filter((_, i) => (i + host) % DEVICES < DEVICES_OF_HOST)
  const yaml = `name: crowd
duration: ${SAMPLES}s
devices:
${each(devices, () => '{ physical: 1GiB, advertised: 4GiB }')}
hosts:
${each(hosts, (i) => `{ memory: 64MiB, devices: [${own(i).join(', ')}] }`)}
promoters:
${each(promoters, (i) => `{ host: ${hosts[i]} }`)}
workloads:
${each(workloads, (i) => `{ host: ${hosts[i]}, kind: zipf, size: 64MiB, accesses: 1k/s }`)}
`
  const scenario = parseScenario(yaml, 'crowd')
  const columns = (actor: string): string[] => {
    const head = readFileSync(
      metrics.find((file) => file.endsWith(`/${actor}.csv`))!,
      'utf8',
    ).split('\n', 1)[0]!
    return head.split(',').slice(1)
  }
  const ofHost = columns('device-1').filter((name) => name.startsWith('byHost.host-1.'))
  const ofDevice = columns('device-1').filter((name) => !name.startsWith('byHost.'))
  const deviceColumns = (device: string): string[] => [
    ...ofDevice,
    ...hosts.filter((_, i) => own(i).includes(device)).flatMap((id) => ofHost.map((name) => name.replace('host-1', id))),
  ]
  const kinds: readonly (readonly [readonly string[], readonly string[]])[] = [
    ...devices.map((id): [string[], string[]] => [[id], deviceColumns(id)]),
    [hosts, columns('host-1')],
    [promoters, columns('promoter-2')],
    [workloads, columns('one')],
  ]
  const stream = new Stream(fork(1, 'crowd'))
  const noise = (names: readonly string[], second: number): Telemetry => {
    const drawn = Object.fromEntries(names.map((name) => [name, second * 1e6 + stream.below(2 ** 30)]))
    // All of a device's hosts together, not those that have a colour.
    const parts = names.filter((name) => name.endsWith('.usedBytes'))
    return parts.length === 0 ? drawn : { ...drawn, usedBytes: parts.reduce((sum, name) => sum + drawn[name]!, 0) }
  }
  const telemetry = (second: number): Record<string, Telemetry> =>
    Object.fromEntries(kinds.flatMap(([ids, names]) => ids.map((id) => [id, noise(names, second)])))
  const folder = RunFolder.create(parent, scenario, yaml)
  for (let second = 0; second < SAMPLES; second++) folder.sample(second, telemetry(second))
  const last = telemetry(SAMPLES)
  const section = (ids: readonly string[]): Record<string, Figures> =>
    Object.fromEntries(ids.map((id) => [id, nested(last[id]!)]))
  const verdict: Verdict = {
    scenario: 'crowd',
    seed: 1,
    digest: 'none',
    bus: 'memory',
    interrupted: false,
    virtualSeconds: SAMPLES,
    wallSeconds: 1,
    pages: 1,
    transitions: 1,
    quanta: 1,
    hosts: section(hosts),
    devices: section(devices),
    promoters: section(promoters),
    workloads: section(workloads),
    bear: { outrun: true, closestHeadroomBytes: 1, atSeconds: 1 },
    story: ['It was noisy.'],
  }
  folder.finish(verdict, last)
  return folder.path
}

function nested(flat: Telemetry): Figures {
  const root: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(flat)) {
    const path = key.split('.')
    let at = root
    for (const part of path.slice(0, -1)) at = (at[part] ??= {}) as Record<string, unknown>
    at[path.at(-1)!] = value
  }
  return root as Figures
}

/** `coldpool contention`: who costs whom what, told by runs that differ in nothing but who is there. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseScenario } from '#shared/scenario.ts'
import { main } from '#cli/program.ts'
import { type Contention, contentionRuns } from '#simulation/contention.ts'

/** host-1 and host-2 share a device too small for both; host-3 has one for itself; nothing runs on host-4. */
const SCENARIO = `
name: crowd
duration: 3s
sample: 100ms
devices:
  device-1: { physical: 16MiB, advertised: 128MiB }
  device-2: &own { physical: 32MiB, advertised: 128MiB }
hosts:
  host-1: { memory: 32MiB, devices: [device-1], watermarkScaleFactor: 100, swap: &swap { size: 128MiB } }
  host-2: { memory: 32MiB, devices: [device-1], watermarkScaleFactor: 100, swap: *swap }
  host-3: { memory: 32MiB, devices: [device-2], watermarkScaleFactor: 100, swap: *swap }
  host-4: { memory: 32MiB, devices: [device-1] }
workloads:
  web-1: &web { host: host-1, kind: zipf, size: 52MiB, accesses: 100k/s }
  web-2: { host: host-2, kind: zipf, size: 60MiB, accesses: 100k/s }
  web-3: { host: host-3, kind: zipf, size: 52MiB, accesses: 100k/s }
`

const folder = mkdtempSync(join(tmpdir(), 'coldpool-contention-'))
const file = join(folder, 'crowd.yaml')
writeFileSync(file, SCENARIO)
afterAll(() => rmSync(folder, { recursive: true }))

async function command(...args: string[]) {
  let stdout = ''
  let stderr = ''
  const exitCode = await main(['contention', file, ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { exitCode, stdout, stderr }
}

const runNames = (yaml: string, ...overrides: string[]): string[] =>
  contentionRuns(yaml, 'crowd', overrides).map(({ name }) => name)

describe('the runs', () => {
  test('are the shared one, and one for each host that has workloads', () => {
    expect(runNames(SCENARIO)).toEqual(['shared', 'alone-host-1', 'alone-host-2', 'alone-host-3'])
  })

  test('are more where a host has several neighbours: one without each of them', () => {
    const crowded = SCENARIO.replace('devices: [device-2]', 'devices: [device-1]')
    expect(runNames(crowded).slice(4)).toEqual(['without-host-1', 'without-host-2', 'without-host-3'])
    // host-1 feels host-3 over host-2, and host-2 is without host-1 only when that one is absent.
    const chained = SCENARIO.replace(
      'host-2: { memory: 32MiB, devices: [device-1]',
      'host-2: { memory: 32MiB, devices: [device-1, device-2]',
    )
    expect(runNames(chained).slice(4)).toEqual(['without-host-1', 'without-host-2', 'without-host-3'])
  })

  test('differ in their workloads alone, overrides included, and their text says so', () => {
    const [shared, first] = contentionRuns(SCENARIO, 'crowd', ['seed=7', 'workloads.web-1.accesses=50k/s'])
    expect(parseScenario(first!.yaml, 'first')).toEqual(first!.scenario)
    expect(first!.scenario).toEqual({ ...shared!.scenario, workloads: { 'web-1': shared!.scenario.workloads['web-1'] } })
    expect(shared!.scenario.seed).toBe(7)
  })

  test('alone, a host has no neighbour’s files, kernel or pages from before the run', () => {
    const leaky = `pageCache: { size: 8MiB, rate: 20MB/s }, kernel: { size: 4MiB, rate: 1MB/s }, pooledAtStart: 30MiB`
    const told = SCENARIO.replaceAll('watermarkScaleFactor: 100,', `watermarkScaleFactor: 100, ${leaky},`)
    const [shared, first] = contentionRuns(told, 'crowd', [])
    const neighbour = shared!.scenario.hosts['host-2']!
    expect(neighbour).toMatchObject({ pooledAtStart: 30 * 2 ** 20, kernel: { size: 4 * 2 ** 20 } })
    const { pageCache: _, kernel: __, ...rest } = neighbour
    expect(first!.scenario.hosts).toMatchObject({ 'host-1': shared!.scenario.hosts['host-1'] })
    expect(first!.scenario.hosts['host-2']).toEqual({ ...rest, pooledAtStart: 0 })
    expect(parseScenario(first!.yaml, 'first')).toEqual(first!.scenario)
  })
})

test('who leaks displaces, though no workload of its own ever comes near the device', async () => {
  const leaky = join(folder, 'leaky.yaml')
  const text = SCENARIO.replace(
    'devices: [device-1] }',
    'devices: [device-1], isolation: { policy: none }, kernel: { size: 24MiB, rate: 24MB/s, content: incompressible }, pageCache: { size: 64MiB, rate: 40MB/s, content: incompressible } }',
  )
  writeFileSync(leaky, text)
  let stdout = ''
  const io = { stdout: { write: (said: string) => (stdout += said) }, stderr: { write: () => {} } }
  expect(
    await main(
      [
        'contention',
        leaky,
        '--json',
        '--set',
        'workloads={ web-1: { host: host-1, kind: zipf, size: 52MiB, accesses: 100k/s } }',
      ],
      io,
    ),
  ).toBe(0)
  const { hosts, devices } = JSON.parse(stdout) as Contention
  expect(Object.keys(hosts)).toEqual(['host-1'])
  const { displaced, by } = devices['device-1']!['host-1']!
  expect(displaced.pages).toBeGreaterThan(500)
  expect(by).toEqual({ 'host-4': displaced })
  expect(hosts['host-1']!.refused.pressure).toMatchObject({ alone: 0 })
  expect(hosts['host-1']!.slowdown.ratio).toBeGreaterThan(1)
})

describe('the result', () => {
  let told: Awaited<ReturnType<typeof command>>
  let result: Contention
  beforeAll(async () => {
    told = await command('--json', '--out', join(folder, 'runs'))
    result = JSON.parse(told.stdout) as Contention
  })

  test('stands on stdout alone', () => {
    expect(told).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('is nothing for a host that shares with nobody: it does the same to the bit', () => {
    const { slowdown, workSeconds, swappedOut } = result.hosts['host-3']!
    expect(slowdown.ratio).toBe(1)
    for (const both of [workSeconds, swappedOut]) expect(both.shared).toBe(both.alone)
    expect(result.devices['device-2']).toMatchObject({ 'host-3': { displaced: { pages: 0, bytes: 0 }, by: {} } })
  })

  test('names pages displaced, refusals by reason, swap and slowdown of those who share', () => {
    const first = result.devices['device-1']!['host-1']!
    expect(first.displaced.pages).toBeCloseTo(first.pages.alone - first.pages.shared, 6)
    expect(first.displaced.pages).toBeGreaterThan(500)
    expect(first.displaced.bytes).toBe(first.displaced.pages * 4096)
    // Of two the one's absence is the other's solitude.
    expect(first.by).toEqual({ 'host-2': first.displaced })
    const { refused, swappedOut, slowdown, pooledBytes, peakPooledBytes } = result.hosts['host-1']!
    expect(refused.pressure.shared).toBeGreaterThan(0)
    expect(refused.share).toEqual({ shared: 0, alone: 0 })
    expect(swappedOut.shared).toBeGreaterThan(swappedOut.alone)
    expect(slowdown.ratio).toBeGreaterThan(1)
    expect(pooledBytes.shared).toBeLessThan(pooledBytes.alone)
    expect(peakPooledBytes.shared).toBeLessThanOrEqual(16 * 2 ** 20)
  })

  test('leaves out hosts without workloads', () => {
    expect(Object.keys(result.hosts)).toEqual(['host-1', 'host-2', 'host-3'])
    expect(Object.keys(result.devices['device-1']!)).toEqual(['host-1', 'host-2'])
  })

  test('names the run folders, each of which can be run again', () => {
    expect(readdirSync(join(folder, 'runs')).toSorted()).toEqual(['alone-host-1', 'alone-host-2', 'alone-host-3', 'shared'])
    const { folder: kept, digest } = result.runs['alone-host-2']!
    expect(JSON.parse(readFileSync(join(kept!, 'verdict.json'), 'utf8'))).toMatchObject({ digest, interrupted: false })
    const again = parseScenario(readFileSync(join(kept!, 'scenario.yaml'), 'utf8'), 'again')
    expect(Object.keys(again.workloads)).toEqual(['web-2'])
  })

  test('is the same when it is asked for again, however many runs go at a time', async () => {
    const again = JSON.parse((await command('--json', '--workers', '1')).stdout) as Contention
    expect(again.hosts).toEqual(result.hosts)
    expect(again.devices).toEqual(result.devices)
    expect(again.runs['shared']).toEqual({ digest: result.runs['shared']!.digest })
  })
})

test('of several neighbours it asks each one’s absence who displaced whom', async () => {
  const crowded = join(folder, 'crowded.yaml')
  writeFileSync(crowded, SCENARIO.replace('devices: [device-2]', 'devices: [device-1]'))
  let stdout = ''
  const io = { stdout: { write: (text: string) => (stdout += text) }, stderr: { write: () => {} } }
  expect(await main(['contention', crowded, '--json', '--out', join(folder, 'crowded')], io)).toBe(0)
  const { runs, devices } = JSON.parse(stdout) as Contention
  const { by, pages } = devices['device-1']!['host-1']!
  expect(Object.keys(by)).toEqual(['host-2', 'host-3'])
  // What the runs have kept, the last sample included, agrees with what is said of them.
  const stored = (run: string): number[] => {
    const path = join(runs[run]!.folder!, 'metrics', 'device-1.csv')
    const [head, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n')
    const column = head!.split(',').indexOf('byHost.host-1.storedPages')
    return rows.map((row) => Number(row.split(',')[column]))
  }
  const mean = (run: string): number => stored(run).reduce((x, y) => x + y, 0) / 31
  expect(stored('alone-host-1')).toHaveLength(31)
  expect(stored('alone-host-1').at(-1)).toBeGreaterThan(1000)
  expect(pages.alone).toBeCloseTo(mean('alone-host-1'), 6)
  expect(by['host-3']!.pages).toBeCloseTo(mean('without-host-3') - pages.shared, 6)
})

test('as text it is tables of at most 100 columns, and no folder is made unless asked for', async () => {
  const before = existsSync('runs')
  const { exitCode, stdout } = await command('--quiet', '--set', 'devices.device-1.shares={ policy: weighted }')
  expect(exitCode).toBe(0)
  expect(existsSync('runs')).toBe(before)
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  expect(stdout).toMatch(/^crowd, seed 1: 3\.0 s shared, and each host alone: 4 runs in /)
  expect(stdout).toMatch(/^pages on device-1 +shared +alone +displaced +bytes +by$/m)
  expect(stdout).toMatch(/^host-1 .* host-2 [\d.]+( k)?$/m)
  expect(stdout).toMatch(/^refused for +.*share +alone/m)
  expect(stdout).not.toContain('pages on device-2')
})

test('its help says what each figure means, with an example', async () => {
  let help = ''
  const io = { stdout: { write: (text: string) => (help += text) }, stderr: { write: () => {} } }
  expect(await main(['contention', '--help'], io)).toBe(0)
  for (const word of ['displaced', 'would have so many more there', 'work lost', 'coldpool contention scenarios/shares.yaml'])
    expect(help).toContain(word)
})

test.each(['0', '1.5', 'all'])('of %s runs at a time it knows nothing', async (workers) => {
  expect(await command('--workers', workers)).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `CP_OPTION --workers: got ${workers}; expected a whole number from 1 to 1024\n`,
  })
})

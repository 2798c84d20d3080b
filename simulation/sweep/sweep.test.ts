import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ColdpoolError } from '#shared/errors.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from '../run.ts'
import { type Crew, Threads } from './crew.ts'
import { figuresOf } from './figures.ts'
import { checkSettings } from './mistakes.ts'
import type { Outcome } from './outcome.ts'
import { carryOut, createSweep, openSweep } from './sweep.ts'
import { CROWDED, TINY, tinySweep } from './tiny.fixture.ts'

const parent = mkdtempSync(join(tmpdir(), 'coldpool-sweep-'))
afterAll(() => rmSync(parent, { recursive: true }))

const NEVER = new AbortController().signal
const resultsOf = (folder: string): Buffer => readFileSync(join(folder, 'results.parquet'))

describe('a sweep', () => {
  const sweep = tinySweep()
  let whole: string

  beforeAll(async () => {
    using folder = createSweep(parent, TINY, sweep)
    await carryOut(folder, new Threads(sweep, 1), NEVER, () => {})
    whole = folder.path
  })

  test('leaves a row for each variant, in order, with its settings, and the figures of that run', async () => {
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(whole, 'results.parquet')) })
    expect(rows.map((row) => row['variant'])).toEqual(sweep.variants.map(({ index }) => index))
    const { setting, seed, overrides } = sweep.variants[7]!
    const { scenario, yaml } = loadScenario(sweep.scenarioText, 'tiny', overrides)
    const { verdict } = await runScenario({ scenario, yaml, out: undefined })
    expect(rows[7]).toMatchObject({
      setting: setting.number,
      seed,
      digest: verdict.digest,
      devices_device_1_physical_bytes: 8 * 2 ** 20,
      workloads_bear_rate_bytesPerSecond: 80e6,
      slowdownWorst: verdict.hosts['host-1']!['slowdown'],
      refusedPages: verdict.hosts['host-1']!['refused'],
      savedBytes: figuresOf(verdict).savedBytes,
    })
    // What is compared is worth comparing: some run out of space, some do not, and no two settings are alike.
    expect(new Set(rows.map((row) => row['bearOutrun']))).toEqual(new Set([0, 1]))
    expect(new Set(rows.map((row) => row['digest'])).size).toBe(rows.length)
  })

  test('gives the same table on two threads', async () => {
    using folder = createSweep(parent, TINY, sweep)
    await carryOut(folder, new Threads(sweep, 2), NEVER, () => {})
    expect(resultsOf(folder.path).equals(resultsOf(whole))).toBe(true)
  })

  test('stopped and torn in mid-write, goes on where it was: nothing runs twice, and the table is the same', async () => {
    const stop = new AbortController()
    let path: string
    {
      using folder = createSweep(parent, TINY, sweep)
      path = folder.path
      const done = carryOut(folder, new Threads(sweep, 2), stop.signal, (count) => count === 5 && stop.abort())
      await expect(done).rejects.toThrow('aborted')
      expect(existsSync(join(path, 'results.parquet'))).toBe(false)
    }
    // As SIGKILL leaves it: a line half written, the table under its other name.
    const log = join(path, 'results.ndjson')
    truncateSync(log, statSync(log).size - 20)
    writeFileSync(join(path, 'results.parquet.part'), 'half')
    using folder = openSweep(path)
    const kept = [...folder.log.outcomes.keys()]
    const ran: number[] = []
    const counted: Crew = {
      carry: (variants, signal, onOutcome) => {
        ran.push(...variants.map(({ index }) => index))
        return new Threads(sweep, 2).carry(variants, signal, onOutcome)
      },
    }
    await carryOut(folder, counted, NEVER, () => {})
    expect(kept.length).toBeGreaterThanOrEqual(4)
    expect([...kept, ...ran].toSorted((x, y) => x - y)).toEqual(sweep.variants.map(({ index }) => index))
    expect(resultsOf(path).equals(resultsOf(whole))).toBe(true)
  })

  test('that has ended runs nothing when it is taken up again, and has its table again', async () => {
    const before = resultsOf(whole)
    rmSync(join(whole, 'results.parquet'))
    using folder = openSweep(whole)
    const idle: Crew = { carry: () => Promise.reject(new Error('nothing is left')) }
    await carryOut(folder, idle, NEVER, () => {})
    expect(resultsOf(whole).equals(before)).toBe(true)
  })

  test.each([
    ['a result that is none', (text: string) => `${text}{"index":0}\n`, /CP_SWEEP_FOLDER .*line 14 is no result/],
    ['a result twice', (text: string) => `${text}${text.split('\n')[1]}\n`, /line 14 is of a variant that had ended/],
    [
      'another version',
      (text: string) => text.replace('"version":"', '"version":"9'),
      /is of another sweep, or of another version/,
    ],
    ['no head', () => '', /does not say which sweep it is/],
  ] as const)('is not taken up with %s', (_, damage, message) => {
    const log = join(whole, 'results.ndjson')
    const text = readFileSync(log, 'utf8')
    writeFileSync(log, damage(text))
    expect(() => openSweep(whole)).toThrow(message)
    writeFileSync(log, text)
  })

  test('is not taken up by two, nor where there is none', () => {
    writeFileSync(join(whole, 'in-use'), `${process.ppid}`)
    expect(() => openSweep(whole)).toThrow(/CP_SWEEP_FOLDER .*process \d+ is at it/)
    rmSync(join(whole, 'in-use'))
    expect(() => openSweep(parent)).toThrow(/CP_SWEEP_FOLDER .*has no sweep\.yaml/)
  })

  test('whose file is changed is another sweep', () => {
    appendFileSync(join(whole, 'scenario.yaml'), '# changed\n')
    expect(() => openSweep(whole)).toThrow(/is of another sweep/)
  })
})

test('a variant that is refused as it runs is refused as a scenario is, in whatever thread', async () => {
  const sweep = tinySweep(TINY.replace('seeds: 2', 'seeds: 1').replace('150ms', '150MB'))
  using folder = createSweep(parent, TINY, sweep)
  const refused = carryOut(folder, new Threads(sweep, 1), NEVER, () => {})
  await expect(refused).rejects.toThrow(ScenarioError)
  await expect(refused).rejects.toThrow(/^CP_SCENARIO_SHAPE workloads\.bear\.attack: got "150MB"/)
})

test('a variant whose setting turns out to be impossible as it runs is named, and is a mistake of the user', async () => {
  const sweep = tinySweep(CROWDED)
  checkSettings(sweep)
  using folder = createSweep(parent, CROWDED, sweep)
  const refused = carryOut(folder, new Threads(sweep, 1), NEVER, () => {})
  await expect(refused).rejects.toThrow(ColdpoolError)
  await expect(refused).rejects.toThrow(
    /^CP_SCENARIO_LIMIT hosts\.host-1\.pooledAtStart: .*, with devices\.device-1\.physical=2MiB, workloads\.bear\.rate=20MB\/s, seed=1 \(variant 0\); expected /,
  )
})

test('a variant that fails ends the sweep, and what was run stays', async () => {
  const sweep = tinySweep()
  using folder = createSweep(parent, TINY, sweep)
  const outcome: Outcome = {
    index: 3,
    digest: 'a'.repeat(32),
    figures: figuresOf({ hosts: {}, devices: {}, promoters: {}, bear: {} } as never),
  }
  const failing: Crew = {
    carry: (_, __, onOutcome) => {
      onOutcome(outcome)
      return Promise.reject(new Error('invariant broken'))
    },
  }
  await expect(carryOut(folder, failing, NEVER, () => {})).rejects.toThrow('invariant broken')
  expect([...folder.log.outcomes.keys()]).toEqual([3])
  expect(readFileSync(join(folder.path, 'results.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(2)
})

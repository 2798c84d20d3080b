/** Runs over a cluster whose stages have nothing to say to each other, so that they step ahead: over the wire in memory, and killed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Faults } from '#shared/bus/wire.fixture.ts'
import { Dropped } from '#shared/bus/wire.ts'
import { STAGE_ROLES } from '#shared/messages.ts'
import { parseScenario } from '#shared/scenario.ts'
import { Cast } from '../actors.ts'
import { areApart } from '../apart.ts'
import { LiveRun } from '../dashboard/live-run.ts'
import { parseInjections } from '../injections.ts'
import { runScenario } from '../run.ts'
import type { Verdict } from '../verdict.ts'
import { Feed } from './feed.ts'
import { type Crew, kill, LittleCluster, onceAt, Overhearing } from './little-cluster.fixture.ts'
import { tiny, TWINS_YAML } from './tiny.fixture.ts'

const twins = () => parseScenario(TWINS_YAML, 'twins')

let expected: Verdict
let cluster: LittleCluster
/** Grants that were sent, once each. */
let sent: Set<string>

beforeAll(async () => {
  expected = (await runScenario({ scenario: twins(), yaml: TWINS_YAML, out: undefined })).verdict
})

beforeEach(() => {
  cluster = new LittleCluster(TWINS_YAML)
  sent = new Set()
  cluster.network.tap = (at, bytes) => {
    if (at.includes('.grant.')) sent.add(Buffer.from(bytes).toString('hex'))
  }
})

afterEach(() => cluster.close())

function twoCrews(): Crew[] {
  return [cluster.crew('a', STAGE_ROLES), cluster.crew('b', STAGE_ROLES)]
}

describe('stages that are apart', () => {
  test.each([1, 2])('in %i processes end as on the memory bus, with fewer grants than quanta', async (processes) => {
    for (const name of ['a', 'b'].slice(0, processes)) cluster.crew(name, STAGE_ROLES)
    const { verdict } = (await cluster.network.alongside(cluster.conduct()))!
    expect({ ...verdict, bus: 'memory', wallSeconds: 0 }).toEqual({ ...expected, wallSeconds: 0 })
    // The last fifth of the run waits for who may leave next.
    expect(sent.size).toBeLessThan(0.4 * verdict.quanta)
  })

  test('end so if messages are lost, doubled and late', async () => {
    const bad: Faults = { loss: 0.05, double: 0.1, delay: 0.1, delayMsMax: 30 }
    cluster.network.faults = bad
    twoCrews()
    const result = await cluster.network.alongside(cluster.conduct())
    expect(result!.verdict.digest).toBe(expected.digest)
  })

  test('wait for each other when the first workload has left, for the run ends with the last', async () => {
    // The second host's pages go on for a while when its workloads have left.
    const yaml = TWINS_YAML.replace('ratio: 3 } }', 'ratio: 3 }, stop: 120ms }').replace(
      'ratio: 2 } }',
      'ratio: 2 }, stop: 90ms }',
    )
    const brief = yaml.replace('203ms', '60ms')
    const { verdict } = await runScenario({ scenario: parseScenario(brief, 'brief'), yaml: brief, out: undefined })
    expect(verdict.virtualSeconds).toBeLessThan(0.13)
    await cluster.close()
    cluster = new LittleCluster(brief)
    twoCrews()
    const result = await cluster.network.alongside(cluster.conduct())
    expect(result!.verdict.digest).toBe(verdict.digest)
    expect(result!.verdict.virtualSeconds).toBe(verdict.virtualSeconds)
  })

  test('wait for each other where there is a pace', async () => {
    twoCrews()
    const result = await cluster.network.alongside(cluster.conduct({ pace: 2 }))
    expect(result!.verdict.digest).toBe(expected.digest)
    expect(sent.size).toBe(expected.quanta + 1)
  })

  test.each([1, 2, 4, 9])('are killed at grant %i, come back, and nothing is changed', async (grant) => {
    const [, other] = twoCrews()
    let killed = 0
    const options = onceAt({ grant }, () => {
      killed++
      kill(other!)
      cluster.crew('b', STAGE_ROLES)
    })
    const result = await cluster.network.alongside(cluster.conduct(options))
    expect(killed).toBe(1)
    expect(result!.verdict.digest).toBe(expected.digest)
  })

  test('go back to a set that was taken between two spans, and over other spans than before', async () => {
    const [, other] = twoCrews()
    let whole = 0
    const grants: number[] = []
    const onMoment = async (moment: string, number: number): Promise<void> => {
      // A set becomes due with time, which does not pass while a run is in such haste.
      if (moment === 'grant' && grants.push(number) < 200) await slowly()
      if (moment !== 'whole' || whole++ > 0) return
      kill(other!)
      cluster.crew('b', STAGE_ROLES)
    }
    const slowly = (): Promise<void> => new Promise((resolve) => cluster.network.schedule(60, resolve))
    const result = await cluster.network.alongside(cluster.conduct({ onMoment }))
    expect(whole).toBeGreaterThan(0)
    expect(cluster.restored).toEqual(['a', 'b'])
    expect(result!.verdict.digest).toBe(expected.digest)
    expect(sent.size).toBeLessThan(expected.quanta)
  })

  test('are followed by the same run if it is the conductor who is killed', async () => {
    twoCrews()
    const first = cluster.network.wire('first')
    const leave = new AbortController()
    const options = onceAt({ grant: 4 }, () => leave.abort())
    expect(await cluster.network.alongside(cluster.conduct({ ...options, leave: leave.signal }, first))).toBeUndefined()
    await first.close()
    const result = await cluster.network.alongside(cluster.conduct({}, cluster.network.wire('second')))
    expect(result!.verdict.digest).toBe(expected.digest)
  })

  test('take commands behind the one that is furthest; the folder gives the same run again', async () => {
    twoCrews()
    const packr = new Packr({ useRecords: false })
    const answers: Promise<Uint8Array>[] = []
    const asked = new Map<number, object>([
      [3, { command: 'inject', workload: { host: 'host-2', kind: 'uniform', size: '2MiB', accesses: '50k/s' } }],
      [5, { command: 'stop', id: 'one' }],
    ])
    const onMoment = (moment: string, number: number): void => {
      const request = moment === 'done' ? asked.get(number) : undefined
      if (request) answers.push(cluster.network.request('coldpool.lobby-test.command.operator.conductor', packr.pack(request)))
      if (request) asked.delete(number)
    }
    const result = await cluster.network.alongside(cluster.conduct({ onMoment }))
    const given = (await Promise.all(answers)).map((bytes) => packr.unpack(bytes) as { id: string; quantum: number })
    expect(given.map(({ id }) => id)).toEqual(['workload-4', 'one'])
    const file = join(result!.folder!, 'injections.yaml')
    const script = parseInjections(readFileSync(file, 'utf8'), file, twins())
    expect(script.added.map(({ quantum }) => quantum)).toEqual(given.map(({ quantum }) => quantum))
    const { verdict } = await runScenario({ scenario: twins(), yaml: TWINS_YAML, out: undefined, script })
    expect(result!.verdict.digest).toBe(verdict.digest)
  })

  test('tell the mail around events as it is told of a run in one process, each quantum once', async () => {
    const [inProcess, overhearing] = [new Overhearing(), new Overhearing()]
    const live = new LiveRun()
    await live.follow(inProcess)
    await runScenario({ scenario: twins(), yaml: TWINS_YAML, out: undefined }, { live })
    await new Feed(cluster.network.wire('watcher'), 'test', new Dropped()).follow(overhearing)
    twoCrews()
    await cluster.network.alongside(cluster.conduct())
    expect(inProcess.marks.length).toBeGreaterThan(1)
    expect(overhearing).toEqual(inProcess)
    expect(overhearing.doubled).toBe(0)
  })
})

describe('whether stages are apart', () => {
  const { members } = new Cast(twins())
  const at = (stageOf: readonly (number | undefined)[]): boolean => areApart(members, (ordinal) => stageOf[ordinal])
  // conductor, two hosts, two devices, two promoters, one, two, brief
  const APART = [0, 1, 2, 1, 2, 1, 2, 1, 2, 2]

  test('is so if each has its devices, promoters and workloads, and what has not come does not count', () => {
    expect(at(APART)).toBe(true)
    expect(at(APART.map((stage) => Math.min(1, stage)))).toBe(true)
    expect(at([0, 1, 2, 1, 2, 1, 2, 1, 2, undefined])).toBe(true)
    expect(areApart(new Cast(tiny()).members, () => 1)).toBe(true)
  })

  test.each([
    ['a device is elsewhere', 3, 2],
    ['a promoter is elsewhere', 5, 2],
    ['a workload is with the conductor, as strangers are', 9, 0],
  ])('is not so if %s', (_, ordinal, stage) => {
    expect(at(APART.with(ordinal, stage))).toBe(false)
  })

  test('is not so if one has no workloads, for all may have left before it hears of it', () => {
    expect(at([0, 1, 2, 1, 2, 1, 2, 1, undefined, undefined] as number[])).toBe(false)
  })
})

/** A whole little cluster in one process, over the wire in memory: its runs end with the digest that the memory bus gives. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Actor } from '#shared/actor.ts'
import type { Faults } from '#shared/bus/wire.fixture.ts'
import { Dropped } from '#shared/bus/wire.ts'
import { STAGE_ROLES } from '#shared/messages.ts'
import { MemoryStore } from '#shared/observe/memory-store.ts'
import { StoreFull } from '#shared/observe/store.ts'
import { LiveRun } from '../dashboard/live-run.ts'
import { parseInjections } from '../injections.ts'
import { runScenario } from '../run.ts'
import { conductRun } from './conductor-process.ts'
import type { CrewOptions } from './crew.ts'
import { Feed } from './feed.ts'
import { kill, LittleCluster, onceAt, Overhearing } from './little-cluster.fixture.ts'
import { QUIET, tiny, TINY_YAML } from './tiny.fixture.ts'

let expected: string
let cluster: LittleCluster

beforeAll(async () => {
  const { verdict } = await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: undefined })
  expected = verdict.digest
})

beforeEach(() => {
  cluster = new LittleCluster()
})

afterEach(() => cluster.close())

describe('a run over a cluster', () => {
  test('ends as on the memory bus', async () => {
    cluster.threeCrews()
    const result = await cluster.network.alongside(cluster.conduct())
    expect(result!.verdict).toMatchObject({ digest: expected, bus: 'nats' })
    expect(
      await cluster.network.alongside(Promise.resolve(cluster.store.last('coldpool.lobby-test.journal.conductor.run'))),
    ).toBeUndefined()
  })

  test('ends as on the memory bus if messages are lost, doubled and late', async () => {
    const bad: Faults = { loss: 0.05, double: 0.1, delay: 0.1, delayMsMax: 30 }
    cluster.network.faults = bad
    cluster.threeCrews()
    const result = await cluster.network.alongside(cluster.conduct())
    expect(result!.verdict.digest).toBe(expected)
  })

  test('waits until there is a stage for every role, and says for which it waits', async () => {
    cluster.crew('host-a', ['host', 'workload'])
    const running = cluster.conduct()
    await cluster.network.alongside(new Promise((resolve) => setTimeout(resolve, 100)))
    cluster.crew('all', STAGE_ROLES)
    const result = await cluster.network.alongside(running)
    expect(result!.verdict.digest).toBe(expected)
  })
})

test('a run does not wait for ever for the word, once lost, that a snapshot is stored', async () => {
  cluster.threeCrews()
  let lost = 0
  cluster.network.tap = (at, _, from) => {
    if (!at.includes('.stored.host.') || lost > 0) return
    lost++
    cluster.network.cut(from, 1)
  }
  // It takes longer than a run goes on without a whole set.
  const result = await cluster.network.alongside(cluster.conduct({ pace: 0.02 }))
  expect(lost).toBe(1)
  expect(result!.verdict.digest).toBe(expected)
})

/** Slow enough for sets of snapshots to become due on the way. */
const SLOW = 0.1
/** So many grants after the first set, its parts lie in the store. */
const AFTER_SET = 25

describe('a stage that is killed', () => {
  test.each([
    ['at the first grant', { grant: 1 }, 0],
    ['after a set of snapshots', { afterSet: AFTER_SET }, SLOW],
  ])('%s and comes back under its name changes nothing', async (_, when, pace) => {
    const all = cluster.threeCrews()
    let killed = 0
    const options = onceAt(when, () => {
      killed++
      kill(all[1]!)
      cluster.crew('host-a', ['host', 'workload'])
    })
    const result = await cluster.network.alongside(cluster.conduct({ ...options, pace }))
    expect(killed).toBe(1)
    expect(result!.verdict.digest).toBe(expected)
    if ('afterSet' in when) expect(cluster.restored).toEqual(['device-a', 'host-a', 'host-b'])
  })

  test('is replaced by one that stands by, when it has been silent for long enough', async () => {
    const all = cluster.threeCrews()
    // One more than the run needs.
    for (const name of ['host-y', 'host-z']) cluster.crew(name, ['host', 'workload'])
    let killed = 0
    const options = onceAt({ grant: 30 }, () => {
      killed++
      kill(all[1]!)
    })
    const result = await cluster.network.alongside(cluster.conduct(options))
    expect(killed).toBe(1)
    expect(result!.verdict.digest).toBe(expected)
    expect(cluster.ready).toContain('host-z')
  })
})

const COMING_AND_GOING = `
- { quantum: 60, inject: guest, workload: { host: host-1, kind: uniform, size: 4MiB, accesses: 10k/s } }
- { quantum: 150, stop: guest }
- { quantum: 180, stop: two }
`

describe('the mail around events', () => {
  let inProcess: Overhearing
  let digest: string
  const script = () => parseInjections(COMING_AND_GOING, 'injections.yaml', tiny())

  beforeAll(async () => {
    inProcess = new Overhearing()
    const live = new LiveRun()
    await live.follow(inProcess)
    const { verdict } = await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: undefined, script: script() }, { live })
    digest = verdict.digest
  })

  test.each([
    ['is told as it is of a run in one process', undefined],
    ['is told once if a stage is lost on the way and all go back', { afterSet: AFTER_SET }],
  ])('%s', async (_, when) => {
    const overhearing = new Overhearing()
    await new Feed(cluster.network.wire('watcher'), 'test', new Dropped()).follow(overhearing)
    const all = cluster.threeCrews()
    const killing =
      when &&
      onceAt(when, () => {
        kill(all[1]!)
        cluster.crew('host-a', ['host', 'workload'])
      })
    const given = () => ({ yaml: TINY_YAML, out: cluster.out, script: script().added })
    const options = { cluster: 'test', pace: when ? SLOW : 0, log: QUIET, ...killing }
    const result = await cluster.network.alongside(conductRun(cluster.network.wire('conductor'), cluster.store, given, options))
    expect(result!.verdict.digest).toBe(digest)
    expect(inProcess.marks.length).toBeGreaterThan(2)
    expect(overhearing.marks).toEqual(inProcess.marks)
    expect(overhearing.doubled).toBe(0)
    for (const [quantum, heard] of inProcess.mail) expect(overhearing.mail.get(quantum), String(quantum)).toEqual(heard)
    // A recovery may tell of a few more, before and behind its set.
    if (when) expect(overhearing.mail.size - inProcess.mail.size).toBeLessThanOrEqual(4)
    else expect(overhearing.mail).toEqual(inProcess.mail)
  })
})

describe('a conductor that is killed', () => {
  test.each([
    ['at the first grant', { grant: 1 }, 0],
    ['after a set of snapshots', { afterSet: AFTER_SET }, SLOW],
  ])('%s is followed by one that ends the run as if nothing had happened', async (_, when, pace) => {
    cluster.threeCrews()
    const first = cluster.network.wire('first')
    const leave = new AbortController()
    const options = onceAt(when, () => leave.abort())
    expect(await cluster.network.alongside(cluster.conduct({ ...options, pace, leave: leave.signal }, first))).toBeUndefined()
    await first.close()
    const result = await cluster.network.alongside(cluster.conduct({}, cluster.network.wire('second')))
    expect(result!.verdict.digest).toBe(expected)
    if ('afterSet' in when) expect(cluster.restored).toEqual(['device-a', 'host-a', 'host-b'])
  })
})

test('a conductor that follows one without a set deals out the actors as that one did, whoever has come since', async () => {
  cluster.crew('device-a', ['device'])
  cluster.crew('host-b', ['host', 'promoter', 'workload'])
  const leave = new AbortController()
  const first = cluster.network.wire('first')
  // By then the journal remembers what was done.
  const onMoment = (): void => {
    if (first.now() > 6000) leave.abort()
  }
  const options = { onMoment, pace: 0.02, recoverable: false, leave: leave.signal }
  expect(await cluster.network.alongside(cluster.conduct(options, first))).toBeUndefined()
  await first.close()
  expect(await cluster.store.last(`coldpool.${await runOf()}.journal.conductor.trail`)).toBeDefined()
  cluster.crew('host-a', ['host', 'promoter', 'workload'])
  const result = await cluster.network.alongside(cluster.conduct({}, cluster.network.wire('second')))
  expect(result!.verdict.digest).toBe(expected)
})

async function runOf(): Promise<string> {
  return Buffer.from((await cluster.store.last('coldpool.lobby-test.journal.conductor.run'))!.bytes).toString()
}

test('a conductor that was killed while it closed its run is followed by one that gives the verdict, and no second run', async () => {
  class Slow extends MemoryStore {
    slow = true
    override trim(stream: string, at: string, before?: number): Promise<void> {
      const isClosed = at.includes('.snapshot.') && before === undefined
      if (!this.slow || !isClosed) return super.trim(stream, at, before)
      this.slow = false
      return new Promise(() => {})
    }
  }
  const slow = new Slow()
  cluster.store = slow
  cluster.threeCrews()
  const first = cluster.network.wire('first')
  void cluster.conduct({}, first)
  await cluster.network.alongside(
    (async () => {
      while (slow.slow) await new Promise(setImmediate)
    })(),
  )
  await first.close()
  const result = await cluster.network.alongside(cluster.conduct({}, cluster.network.wire('second')))
  expect(result!.verdict.digest).toBe(expected)
  expect(readdirSync(cluster.out)).toHaveLength(1)
  expect(await cluster.store.next('coldpool.>', 1)).toBeUndefined()
})

test('a command of an operator may take effect before recorded ones, killed stages or not', async () => {
  const all = cluster.threeCrews()
  const request = { command: 'inject', workload: { host: 'host-2', kind: 'uniform', size: '2MiB', accesses: '50k/s' } }
  let answer: Promise<Uint8Array> | undefined
  let killed = false
  const onMoment = (moment: string, number: number): void => {
    if (moment !== 'grant') return
    if (number === 10)
      answer ??= cluster.network.request(
        'coldpool.lobby-test.command.operator.conductor',
        new Packr({ useRecords: false }).pack(request),
      )
    if (number !== 90 || killed) return
    killed = true
    kill(all[2]!)
    cluster.crew('host-b', ['host', 'promoter', 'workload'])
  }
  const script = parseInjections(COMING_AND_GOING, 'injections.yaml', tiny()).added
  const options = { cluster: 'test', pace: 0, log: QUIET, onMoment }
  const result = await cluster.network.alongside(
    conductRun(cluster.network.wire('conductor'), cluster.store, () => ({ yaml: TINY_YAML, out: cluster.out, script }), options),
  )
  expect(killed).toBe(true)
  await answer
  const again = parseInjections(readFileSync(join(result!.folder!, 'injections.yaml'), 'utf8'), 'again', tiny())
  expect(again.added.map(({ command }) => command.id)).toEqual(['guest', 'guest', 'two', 'workload-4'])
  expect(again.commands[0]!.command.id).toBe('workload-4')
  const { verdict } = await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: undefined, script: again })
  expect(result!.verdict.digest).toBe(verdict.digest)
})

test('commands of an operator decide the run together with the scenario, killed stages or not', async () => {
  const all = cluster.threeCrews()
  const packr = new Packr({ useRecords: false })
  const answers: Promise<Uint8Array>[] = []
  const ask = (request: object): void => {
    answers.push(cluster.network.request('coldpool.lobby-test.command.operator.conductor', packr.pack(request)))
  }
  const onMoment = (moment: string, number: number): void => {
    if (moment !== 'grant' || killed) return
    if (number === 10) ask({ command: 'inject', workload: { host: 'host-2', kind: 'uniform', size: '2MiB', accesses: '50k/s' } })
    if (number === 20) ask({ command: 'stop', id: 'one' })
    if (number !== 45) return
    killed = true
    kill(all[2]!)
    cluster.crew('host-b', ['host', 'promoter', 'workload'])
  }
  let killed = false
  const stamped: object[] = []
  const info = (fields: object, message: string): void => void (message === 'a command was stamped' && stamped.push(fields))
  const result = await cluster.network.alongside(cluster.conduct({ onMoment, log: { ...QUIET, info } }))
  const given = (await Promise.all(answers)).map(
    (bytes) => packr.unpack(bytes) as { id: string; quantum: number; seconds: number },
  )
  expect(given.map(({ id }) => id)).toEqual(['workload-3', 'one'])
  expect(stamped).toMatchObject(given.map(({ id, quantum, seconds }) => ({ actor: id, quantum, seconds })))
  expect(killed).toBe(true)
  // The run folder holds the commands as a script, which gives the same run again.
  const file = join(result!.folder!, 'injections.yaml')
  const script = parseInjections(readFileSync(file, 'utf8'), file, tiny())
  expect(script.commands).toHaveLength(2)
  const { verdict } = await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: undefined, script })
  expect(result!.verdict.digest).toBe(verdict.digest)
  expect(verdict.digest).not.toBe(expected)
})

test('a workload that no stage has room for is refused, and the run goes on', async () => {
  cluster.crew('device-a', ['device'])
  // Two hosts, a promoter, two workloads, and one more.
  cluster.crew('host-a', ['host', 'promoter', 'workload'], {}, 6)
  const packr = new Packr({ useRecords: false })
  const answers: Promise<Uint8Array>[] = []
  const onMoment = (moment: string, number: number): void => {
    if (moment !== 'grant' || number !== 10) return
    for (let i = 0; i < 2; i++) {
      const workload = { host: 'host-2', kind: 'uniform', size: '2MiB', accesses: '50k/s' }
      answers.push(
        cluster.network.request('coldpool.lobby-test.command.operator.conductor', packr.pack({ command: 'inject', workload })),
      )
    }
  }
  const result = await cluster.network.alongside(cluster.conduct({ onMoment }))
  const given = (await Promise.all(answers)).map((bytes) => packr.unpack(bytes) as object)
  expect(given).toEqual([
    expect.objectContaining({ id: 'workload-3' }),
    {
      error:
        'CP_COMMAND workloads.workload-4: the stages of this run are full; expected room for one more workload (coldpool stage --capacity)',
    },
  ])
  expect(Object.keys(result!.verdict.workloads)).toEqual(['one', 'two', 'workload-3'])
})

describe('a full journal', () => {
  /** Refuses some kinds of records, so many times each. */
  class Full extends MemoryStore {
    readonly left: Record<string, number>
    constructor(left: Record<string, number>) {
      super()
      this.left = left
    }
    override append(at: string, bytes: Uint8Array, id: string, after?: number): Promise<number> {
      const kind = at.split('.')[4]!
      if (this.left[kind] === undefined || this.left[kind] === 0) return super.append(at, bytes, id, after)
      this.left[kind]--
      return Promise.reject(new StoreFull('no room'))
    }
  }

  test('holds a recovery up, and does not end the run', async () => {
    const full = new Full({ generation: 0 })
    cluster.store = full
    const all = cluster.threeCrews()
    const options = onceAt({ grant: 30 }, () => {
      full.left['generation'] = 3
      kill(all[1]!)
      cluster.crew('host-a', ['host', 'workload'])
    })
    const result = await cluster.network.alongside(cluster.conduct(options))
    expect(full.left).toEqual({ generation: 0 })
    expect(result!.verdict.digest).toBe(expected)
  })

  test('lets no run begin, and says why', async () => {
    cluster.store = new Full({ order: 1 })
    await expect(cluster.network.alongside(cluster.conduct())).rejects.toThrow(
      /^CP_JOURNAL journal: no room; expected room for a run \(COLDPOOL_JOURNAL_BYTES\)$/,
    )
  })

  test('does not keep a run from its end', async () => {
    cluster.store = new Full({ closed: Infinity })
    cluster.threeCrews()
    const result = await cluster.network.alongside(cluster.conduct())
    expect(result!.verdict.digest).toBe(expected)
    expect(await cluster.store.last('coldpool.lobby-test.journal.conductor.run')).toBeUndefined()
  })
})

describe('a stage that fails', () => {
  const broken: CrewOptions['dress'] = (actor: Actor): Actor => {
    if (actor.id === 'host-1') throw new Error('no data')
    return actor
  }
  const failing: CrewOptions['dress'] = (actor: Actor): Actor => {
    if (actor.id !== 'host-1') return actor
    actor.step = () => {
      throw new Error('a page is in two places')
    }
    return actor
  }

  test('while it takes up its post ends the run with CP_STAGE, though the word is lost at first', async () => {
    cluster.crew('device-a', ['device'])
    cluster.crew('host-a', ['host', 'promoter', 'workload'], { dress: broken })
    const running = cluster.conduct().catch((error: unknown) => error)
    cluster.network.tap = (at) => {
      if (!at.includes('.failed.')) return
      cluster.network.tap = () => {}
      cluster.network.cut('host-a', 50)
    }
    const error = await cluster.network.alongside(running)
    expect((error as Error).message).toMatch(/^CP_STAGE stage \d: Error no data; expected a step$/)
  })

  test('in a step ends the run with CP_STAGE, and nothing is left to resume', async () => {
    const said: object[] = []
    const log = { ...QUIET, error: (fields: object, message: string) => said.push({ ...fields, message }) }
    cluster.crew('device-a', ['device'])
    cluster.crew('host-a', ['host', 'promoter', 'workload'], { dress: failing, log })
    await expect(cluster.network.alongside(cluster.conduct())).rejects.toThrow(/CP_STAGE stage \d: Error a page is in two places/)
    expect(await cluster.store.last('coldpool.lobby-test.journal.conductor.run')).toBeUndefined()
    const problem = expect.stringContaining('a page is in two places') as string
    const run = expect.stringMatching(/^tiny-/) as string
    expect(said).toEqual([{ run, stage: 2, actor: 'host-1', seconds: 0.001, problem, message: 'the stage failed' }])
  })
})

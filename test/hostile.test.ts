/**
 * A hundred thousand hostile messages, under each user's own password and on every subject, against the cluster's real
 * processes while they run. Nothing crashes, nothing grows, the digest stays, and every message is accounted for: the server
 * refused it, or each process that hears the subject has counted it under its cause. Three things are counted by nobody:
 * what is said on a subject that nobody hears, what a stream stores, and what is answered, as any honest question is.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { pack, unpack } from 'msgpackr'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeControl } from '#shared/bus/control.ts'
import { NatsWire } from '#shared/bus/nats.ts'
import type { DropCause } from '#shared/bus/wire.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { fork, Stream } from '#shared/random.ts'
import { parseScenario } from '#shared/scenario.ts'
import { Feed } from '#simulation/cluster/feed.ts'
import { runScenario } from '#simulation/run.ts'
import { USERS } from '../deploy/secrets.ts'
import { ConfiguredServer } from './compose/nats-server.fixture.ts'
import { isMissing } from './compose/tool.fixture.ts'
import { Attacker, type Shot, type User } from './hostile/attacker.fixture.ts'
import { CATEGORIES, type Lie, Malice, STAGES, type Voice } from './hostile/malice.fixture.ts'
import { Processes } from './hostile/processes.fixture.ts'
import { AS_A_STAGE, EVERYTHING, Truth } from './hostile/truth.fixture.ts'

const SCENARIO = `
name: besieged
duration: 6s
quantum: 2ms
devices:
  device-1: { physical: 16MiB, advertised: 64MiB }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 100, swap: { size: 64MiB }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 32MiB, devices: [device-1], swap: { size: 64MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1 }
workloads:
  web: { host: host-1, kind: zipf, size: 64MiB, accesses: 400k/s, writes: { drift: redis_json } }
  bear: { host: host-2, kind: bear, size: 48MiB, rate: 100MB/s, attack: 500ms }
`
/** Slow enough for the attack to end before the run, which is then let go. */
const PACE = '0.05x'
const STAGE_NAMES = ['device-1', 'host-1', 'host-2', 'promoter-1', 'workload-1']
const TOTAL = 100_000
const LISTENING_MS = 4000
/** The observer's log tells of what it heard last within a second. */
const STATUS_MS = 1500
const PATIENCE_MS = 20_000
/** A process of this scenario holds some 100 MiB. */
const MEMORY_MIB_MAX = 400
/** Of a run in which nobody is hostile. */
const LINES_OF_PEACE = 50

/** Exact: honest processes never cause these. The others occur in honest runs too, so there are at least as many. */
const EXACT: readonly DropCause[] = ['malformed', 'stranger', 'early', 'overflow']
const AT_LEAST: readonly DropCause[] = ['old', 'double', 'unproven']
/** What is kept under way of a message in parts, by each subscription of a process. */
const UNFINISHED_MAX = 64

/** Kinds, roles and destinations that exist, and some that do not. */
const KINDS = (
  'hello call grant done ready stored failed bag need snapshot journal ' +
  'status sample events command join mail progress invented'
).split(' ')
const JETSTREAM = [
  'STREAM.CREATE.mine',
  'STREAM.UPDATE.coldpool-journal',
  'STREAM.DELETE.coldpool-journal',
  'STREAM.DELETE.coldpool-snapshots',
  'STREAM.PURGE.coldpool-journal',
  'STREAM.PURGE.coldpool-snapshots',
  'STREAM.MSG.DELETE.coldpool-snapshots',
  'STREAM.MSG.GET.coldpool-journal',
  'STREAM.SNAPSHOT.coldpool-snapshots',
  'CONSUMER.CREATE.coldpool-snapshots',
  'CONSUMER.DURABLE.CREATE.coldpool-journal.mine',
  'DIRECT.GET.coldpool-journal',
]

const LOBBY: ReadonlySet<string> = new Set(['hello', 'call', 'command', 'join'])
/** Lies of each category on each subject. */
const EACH = 100
/** Processes of one role that a conductor lets in, and those that want to be. */
const HANDS_MAX = 1024
const CROWD = HANDS_MAX + 200

type Toll = Map<DropCause, number>
type Aimed = readonly [Voice, Lie]

describe.skipIf(isMissing('nats-server', '--version'))('a cluster under attack', () => {
  let server: ConfiguredServer
  let processes: Processes
  let feed: Feed
  let truth: Truth
  let malice: Malice
  let status: Status
  const attackers = new Map<User, Attacker>()
  const stream = new Stream(fork(20251125, 'hostile'))
  /** What the observer's log will have to own up to. */
  const observed: Partial<Record<DropCause, number>> = {}

  beforeAll(async () => {
    server = await ConfiguredServer.start()
    processes = new Processes(server, { scenario: SCENARIO, pace: PACE, stages: STAGE_NAMES.length })
    const settings = { servers: server.url, user: 'observer', password: server.passwordOf('observer'), name: 'test' }
    const wire = await NatsWire.connect(settings)
    feed = new Feed(wire, undefined, wire.dropped)
    await feed.follow({
      status: (told) => {
        status = told
      },
    })
    for (const user of USERS) attackers.set(user, await Attacker.login(server, user))
    // Before anybody speaks: what the observer has not heard would be news to it when it is said again, and a run is assigned once.
    processes.start('observer')
    await until('the observer listens', () => processes.of('observer').hasSaid('listening'))
    truth = new Truth()
    truth.listen(attackers.get('conductor')!.connection, EVERYTHING)
    truth.listen(attackers.get('host')!.connection, AS_A_STAGE)
    for (const user of ['conductor', 'host'] as const) await attackers.get(user)!.connection.flush()
    // A host's process carries workloads too: one that comes late would stand by, and a whole user would have said nothing.
    for (const name of STAGE_NAMES) processes.start(name)
    await until('all stand by', () => STAGE_NAMES.every((name) => processes.of(name).hasSaid('standing by')))
    processes.start('conductor')
    await until('the run has its first whole set of snapshots', () => status?.state === 'running' && status.lastSetSeconds >= 0)
    await sleep(LISTENING_MS)
    truth.stop()
    malice = new Malice(truth, stream)
  })

  afterAll(async () => {
    await feed?.close()
    for (const { connection } of attackers.values()) await connection.close()
    await processes?.stop()
    await server?.stop()
  })

  async function until(what: string, holds: () => boolean): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS
    while (!holds()) {
      const gone = processes.all.find((one) => !one.runs)
      if (gone)
        throw new Error(`${gone.name} has ended with ${gone.exitCode} before ${what}: ${JSON.stringify(gone.lines.at(-1))}`)
      if (performance.now() > endMs) throw new Error(`waited in vain: ${what}; ${JSON.stringify(status)}`)
      await sleep(50)
    }
  }

  /** Fires, and gives what each cause is to go up by. */
  async function strike(user: User, lies: readonly Aimed[]): Promise<Toll> {
    const toll: Toll = new Map()
    for (const [voice, { cause }] of lies) {
      toll.set(cause, (toll.get(cause) ?? 0) + malice.hearers(voice))
      if (malice.observed(voice)) observed[cause] = (observed[cause] ?? 0) + 1
    }
    await attackers.get(user)!.fire(lies.map(([, lie]) => lie))
    return toll
  }

  /** When the cluster has counted all of it: what it has counted of that which honest processes never cause. */
  async function countedSince(before: Status, toll: Toll): Promise<Partial<Record<DropCause, number>>> {
    const up = (cause: DropCause): number => (status.dropped[cause] ?? 0) - (before.dropped[cause] ?? 0)
    await until(`${JSON.stringify(Object.fromEntries(toll))} is counted`, () =>
      [...EXACT, ...AT_LEAST].every((cause) => up(cause) >= (toll.get(cause) ?? 0)),
    )
    return Object.fromEntries(EXACT.map((cause) => [cause, up(cause)]))
  }

  /** In a run without an attack nothing of this kind occurs. */
  test('was at peace before', () => {
    for (const cause of EXACT) expect(status.dropped[cause] ?? 0, cause).toBe(0)
    expect([...truth.kinds].toSorted()).toEqual(
      expect.arrayContaining(['bag', 'call', 'done', 'events', 'grant', 'hello', 'ready', 'sample', 'status', 'stored']),
    )
  })

  test('refuses every word that is not its user’s own to say, and every wish for streams', async () => {
    const { run, lobby, roles, instances } = truth
    const destinations = ['conductor', 'all', 'invented', ...roles.keys(), ...instances].map(String)
    for (const [user, attacker] of attackers) {
      const spoken = malice.spokenBy(user)
      const shots: Shot[] = []
      for (const kind of KINDS) {
        for (const role of USERS) {
          if (role === user && spoken.has(kind)) continue
          const scope = LOBBY.has(kind) ? lobby : run
          for (const to of destinations) {
            const subject = `coldpool.${scope}.${kind}.${role}.${to}`
            for (const bytes of [malice.noise(100), truth.on(subject)[0] ?? malice.noise(100)])
              for (let i = 0; i < 2; i++) shots.push({ subject, bytes })
          }
        }
      }
      if (user !== 'conductor')
        for (const request of JETSTREAM)
          for (const bytes of [malice.noise(0), malice.noise(50)])
            shots.push({ subject: `$JS.API.${request}`, bytes, reply: inboxOf(user) })
      const before = attacker.refusals
      await attacker.fire(shots)
      await until(`${user} is refused`, () => attacker.refusals >= before + shots.length)
      expect(attacker.refusals, user).toBe(before + shots.length)
    }
  })

  test.each(CATEGORIES)('counts what is %s, on every subject, by its cause', async (category) => {
    const before = status
    const toll: Toll = new Map()
    for (const user of USERS) {
      const lies = malice.voices(user).flatMap((voice) => {
        const made = Array.from({ length: EACH }, () => malice.lie(category, voice))
        return made.flatMap((lie): Aimed[] => (lie ? [[voice, lie]] : []))
      })
      addUp(toll, await strike(user, lies))
    }
    expect(await countedSince(before, toll)).toEqual(exactly(toll))
  })

  test('counts what is large, and drops what is never finished, without keeping it', async () => {
    const before = status
    const toll: Toll = new Map()
    for (const user of USERS) {
      const large = malice.voices(user).map((voice): Aimed => [voice, malice.large(voice)])
      addUp(toll, await strike(user, large))
      for (const voice of malice.voices(user).filter(({ kind }) => kind === 'grant' || kind === 'bag')) {
        const parts = Array.from({ length: UNFINISHED_MAX + EACH }, () => malice.unfinished(voice))
        await attackers.get(user)!.fire(parts)
        addUp(toll, new Map([['overflow', EACH * malice.hearers(voice)]]))
      }
    }
    expect(await countedSince(before, toll)).toEqual(exactly(toll))
  })

  test('answers every request for what cannot be', async () => {
    const before = status
    const absurd: readonly unknown[] = [
      { command: 'stop', id: 'nobody' },
      { command: 'inject', workload: { host: 'host-1', kind: 'bear', size: 'x' } },
      { command: 'inject', workload: { host: 'nowhere', kind: 'zipf', __proto__: null, constructor: 1 } },
      {
        command: 'inject',
        id: 'a b',
        workload: { host: 'host-1', kind: new Date(0), size: new Set([1]), rate: /x/, weights: new Error('e') },
      },
      { command: 'inject', workload: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key-${i}`, i])) },
    ]
    const ask = async (user: User, subject: string, request: unknown): Promise<unknown> => {
      const { connection } = attackers.get(user)!
      attackers.get(user)!.sent++
      return unpack((await connection.request(subject, pack(request), { timeout: PATIENCE_MS })).data)
    }
    const [desk, gate] = [`coldpool.${truth.lobby}.command.operator.conductor`, `coldpool.${truth.lobby}.join.workload.conductor`]
    const answers = await Promise.all(
      Array.from({ length: EACH }, (_, i) => [
        ...absurd.map((request) => ask('operator', desk, request)),
        ask('operator', desk, { command: 'fly', i }),
        ask('workload', gate, { host: 'nowhere' }),
        ask('workload', gate, i),
      ]).flat(),
    )
    for (const answer of answers) expect(answer).toEqual({ error: expect.any(String) })
    // Too many at a time are turned away at once, and counted too.
    await until(
      'the absurd is counted',
      () => (status.dropped['malformed'] ?? 0) >= (before.dropped['malformed'] ?? 0) + 2 * EACH,
    )
    expect(status.workloads.map(({ id }) => id)).toEqual(['web', 'bear'])
  })

  test('closes the connection of whoever says more at a time than the server takes', async () => {
    for (const user of USERS) {
      const attacker = await Attacker.login(server, user)
      expect(await attacker.burst(), user).toBeInstanceOf(Error)
      expect(attacker.connection.isClosed()).toBe(true)
    }
  })

  test('recovers a stage that is killed, in the midst of it all', async () => {
    const { generation } = status
    const besiege = async (user: User): Promise<void> => {
      const voices = malice.voices(user)
      while (status.generation === generation || status.state !== 'running') {
        const lies = voices.flatMap((voice) =>
          CATEGORIES.flatMap((category): Aimed[] => {
            const lie = malice.lie(category, voice)
            return lie ? [[voice, lie]] : []
          }),
        )
        await strike(user, lies)
        const stored = [`coldpool.${truth.run}.snapshot.${user}.${malice.object()}.0`]
        if (STAGES.includes(user))
          await attackers.get(user)!.fire(stored.map((subject) => ({ subject, bytes: malice.noise(1000) })))
        await sleep(20)
      }
    }
    await processes.of('host-1').kill()
    processes.start('host-1')
    await Promise.all(USERS.map(besiege))
    expect(status.generation).toBe(generation + 1)
  })

  test('believes no invented process, and of those that keep its rules no more than it has room for', async () => {
    const before = status
    const { connection } = attackers.get('workload')!
    const attacker = attackers.get('workload')!
    const at = `coldpool.${truth.lobby}.hello.workload.conductor`
    connection.subscribe(`coldpool.${truth.lobby}.call.conductor.*`, {
      callback: (error, { subject, data }) => {
        const instance = subject.split('.')[4]!
        const call = error || !instance.startsWith('workload-x') ? undefined : decodeControl(data)
        if (call?.kind === 'probe') void attacker.fire([{ subject: at, bytes: malice.invented(instance, call.body.nonce) }])
      },
    })
    await connection.flush()
    await attacker.fire(Array.from({ length: CROWD }, (_, i) => ({ subject: at, bytes: malice.invented(`workload-x${i}`, '') })))
    const up = (cause: DropCause): number => (status.dropped[cause] ?? 0) - (before.dropped[cause] ?? 0)
    // The real one is in already.
    await until('the crowd is turned away', () => up('overflow') >= CROWD - HANDS_MAX + 1)
    expect(up('overflow')).toBe(CROWD - HANDS_MAX + 1)
    expect(up('unproven')).toBeGreaterThanOrEqual(CROWD)
    expect(status.standby).toHaveLength(HANDS_MAX - 1)
  })

  test('ends as if nothing had happened', async () => {
    const sent = [...attackers.values()].reduce((sum, attacker) => sum + attacker.sent, 0)
    expect(sent).toBeGreaterThanOrEqual(TOTAL)
    for (const one of processes.all) expect(one.peakMemoryMiB, one.name).toBeLessThan(MEMORY_MIB_MAX)

    // The operator’s desk works as ever.
    const { connection } = attackers.get('operator')!
    const letGo = pack({ command: 'pace', pace: 0 })
    await connection.request(`coldpool.${truth.lobby}.command.operator.conductor`, letGo, { timeout: PATIENCE_MS })
    const verdict = await processes.verdict()
    const { verdict: undisturbed } = await runScenario({
      scenario: parseScenario(SCENARIO, 'besieged'),
      yaml: SCENARIO,
      out: undefined,
    })
    expect(verdict.digest).toBe(undisturbed.digest)
    expect(processes.of('conductor').exitCode).toBe(0)
    await sleep(STATUS_MS)
    for (const one of processes.all.filter(({ name }) => name !== 'conductor')) expect(one.runs, one.name).toBe(true)
  })

  test('has said so in its logs, a line a second at most', () => {
    for (const { name, lines, aliveSeconds } of processes.all) {
      expect(
        lines.filter((line) => 'crash' in line),
        name,
      ).toEqual([])
      const complaints = lines.filter(({ message }) => message === 'dropped a message')
      expect(complaints.length, name).toBeGreaterThan(0)
      expect(complaints.length, name).toBeLessThanOrEqual(aliveSeconds + 1)
      expect(lines.length, name).toBeLessThanOrEqual(2 * aliveSeconds + LINES_OF_PEACE)
    }
    const last = processes.of('observer').lines.findLast(({ message }) => message === 'status')!
    const dropped = last['dropped'] as Readonly<Record<string, number>>
    expect(last['state']).toBe('ended')
    expect(dropped['malformed']).toBe(observed.malformed)
    expect(dropped['old']).toBeGreaterThanOrEqual(observed.old!)
  })
})

function inboxOf(user: User): string {
  return `_INBOX_${user}.nobody`
}

function exactly(toll: Toll): Partial<Record<DropCause, number>> {
  return Object.fromEntries(EXACT.map((cause) => [cause, toll.get(cause) ?? 0]))
}

function addUp(toll: Toll, more: ReadonlyMap<DropCause, number>): void {
  for (const [cause, count] of more) toll.set(cause, (toll.get(cause) ?? 0) + count)
}

import { describe, expect, test, vi } from 'vitest'
import { ColdpoolError } from '../errors.ts'
import type { Report } from './bus.ts'
import { ConductorEnd, type ConductorEndOptions, StageLost, type TrailMark } from './conductor-end.ts'
import { type Control, type ControlOf, decodeControl, encodeControl } from './control.ts'
import { Party } from './party.fixture.ts'
import { StageEnd } from './stage-end.ts'
import { subject } from './wire.ts'
import { FAULTLESS, Network } from './wire.fixture.ts'

const GRANT = { quantum: 5, observe: false, final: false }
const DONE: ControlOf<'done'> = {
  generation: 2,
  stage: 0,
  number: 1,
  nextWake: 9,
  mails: 0,
  bagsTo: [],
  bagDigests: [],
  report: null,
  ahead: null,
}

/** A conductor of two stages, a host's and a device's, both elsewhere. */
async function alone(
  options: ConductorEndOptions = {},
): Promise<{ network: Network; conductor: ConductorEnd; heard: Control[]; say: Say }> {
  const network = new Network()
  const heard: Control[] = []
  const stages = network.wire('stages')
  stages.subscribe(subject('run', 'grant', 'conductor', 'all'), (bytes) => void heard.push(decodeControl(bytes)))
  const conductor = new ConductorEnd(
    network.wire('conductor'),
    {
      run: 'run',
      generation: 2,
      roles: ['host', 'device'],
      first: 1,
    },
    options,
  )
  await conductor.open()
  const say: Say = (done, role = done.stage === 1 ? 'device' : 'host') => {
    stages.publish(subject('run', 'done', role, 'conductor'), encodeControl('done', { ...DONE, ...done }))
    network.advance(1)
  }
  return { network, conductor, heard, say }
}
type Say = (done: Partial<ControlOf<'done'>>, role?: string) => void

const NOTHING = { events: [], telemetry: null, digests: null }
const LINE = { from: 1, to: 2, kind: 'demote', mails: 2, pages: 64 }

describe('a grant', () => {
  test('that a bus closes upon wakes no stage of its own process', async () => {
    const wire = new Network().wire('conductor')
    const clocks = vi.spyOn(wire, 'every')
    const conductor = new ConductorEnd(wire, { run: 'run', generation: 2, roles: ['conductor'], first: 1 })
    await conductor.open()
    await conductor.join(0, { step: () => expect.fail('it was closed') })
    const reports = conductor.grant(GRANT)
    await conductor.close()
    await expect(reports).rejects.toThrow('the bus was closed')
    // The conductor's own, for grants that are sent again.
    expect(clocks).toHaveBeenCalledTimes(1)
  })

  test('resolves when every stage has said done, with the reports in stage order', async () => {
    const { network, conductor, say } = await alone()
    const reports = conductor.grant(GRANT)
    say({ stage: 1, nextWake: Infinity })
    say({ stage: 0, mails: 3 })
    const expected: Report[] = [
      { stage: 0, nextWake: 9, mails: 3, events: [] },
      { stage: 1, nextWake: Infinity, mails: 0, events: [] },
    ]
    expect(await network.until(reports)).toEqual(expected)
  })

  test('is sent again until every done is there, and seldomer with time', async () => {
    const { network, conductor, heard, say } = await alone()
    const reports = conductor.grant(GRANT)
    network.advance(20_000)
    expect(heard.length).toBeGreaterThan(10)
    expect(heard.length).toBeLessThan(25)
    expect(new Set(heard.map((control) => JSON.stringify(control))).size).toBe(1)
    say({ stage: 0 })
    say({ stage: 1 })
    await network.until(reports)
    const before = heard.length
    network.advance(20_000)
    expect(heard).toHaveLength(before)
  })

  test('names the bags of the grant before, and has a set taken only once', async () => {
    const { network, conductor, heard, say } = await alone()
    conductor.takeSet('set-1')
    const first = conductor.grant(GRANT)
    say({ stage: 1, bagsTo: [0, 0], bagDigests: ['c', 'd'] })
    say({ stage: 0, bagsTo: [1], bagDigests: ['a'] })
    await network.until(first)
    void conductor.grant({ ...GRANT, quantum: 6, observe: true }).catch(() => {})
    network.advance(1)
    expect(heard[0]!.body).toMatchObject({ number: 1, set: 'set-1', bagsFrom: [], observe: false })
    const named = { bagsFrom: [0, 1, 1], bagsTo: [1, 0, 0], bagDigests: ['a', 'c', 'd'] }
    expect(heard[1]!.body).toMatchObject({ number: 2, set: '', quantum: 6, observe: true, ...named })
    await conductor.close()
  })
})

describe('a done', () => {
  test('that is old, early, doubled, of another generation, of a stranger or malformed is dropped', async () => {
    const { network, conductor, say } = await alone()
    const reports = conductor.grant(GRANT)
    say({ stage: 0, number: 0 })
    say({ stage: 0, generation: 1 })
    say({ stage: 0, number: 2 })
    say({ stage: 0 }, 'device')
    say({ stage: 7 })
    expect(conductor.dropped.counts).toEqual({ old: 2, early: 1, stranger: 2 })
    say({ stage: 0, bagsTo: [1] })
    say({ stage: 0, bagsTo: [2], bagDigests: ['a'] })
    network.wire('x').publish(subject('run', 'done', 'host', 'conductor'), Uint8Array.of(0xc1))
    network
      .wire('x')
      .publish(subject('run', 'done', 'host', 'conductor'), encodeControl('need', { generation: 2, stage: 0, number: 1 }))
    network.advance(1)
    expect(conductor.dropped.counts).toEqual({ old: 2, early: 1, stranger: 2, malformed: 4 })
    say({ stage: 0 })
    say({ stage: 0, mails: 8 })
    say({ stage: 1 })
    say({ stage: 1, mails: 8 })
    expect((await network.until(reports)).map(({ mails }) => mails)).toEqual([0, 0])
    expect(conductor.dropped.counts).toEqual({ old: 4, early: 1, stranger: 2, malformed: 4 })
  })

  test.each([
    ['no map', 7],
    ['no events', { events: null, telemetry: null, digests: null }],
    ['an event without an actor', { events: [{ quantum: 1, code: 'c', fields: {} }], telemetry: null, digests: null }],
    ['telemetry that is no number', { events: [], telemetry: { a: { b: 'c' } }, digests: null }],
    ['mail of no kind', { ...NOTHING, heard: [{ quantum: 1, lines: [{ ...LINE, kind: 'gossip' }], more: 0 }] }],
    ['mail to half an actor', { ...NOTHING, heard: [{ quantum: 1, lines: [{ ...LINE, to: 0.5 }], more: 0 }] }],
    [
      'mail of too many quanta',
      { ...NOTHING, heard: Array.from({ length: 37 }, (_, quantum) => ({ quantum, lines: [], more: 0 })) },
    ],
    ['digests without a state', { events: [], telemetry: null, digests: [{ ordinal: 1, mail: 'a' }] }],
  ])('whose report has %s is dropped as malformed', async (_, report) => {
    const { network, conductor, say } = await alone()
    const reports = conductor.grant(GRANT)
    say({ stage: 0, report })
    expect(conductor.dropped.counts).toEqual({ malformed: 1 })
    say({ stage: 0 })
    say({ stage: 1 })
    await network.until(reports)
  })

  test('may report any number that an actor can: no number and infinity too', async () => {
    const { network, conductor, say } = await alone()
    const reports = conductor.grant(GRANT)
    const fields = { at: Infinity, mean: NaN, text: 'x' }
    const report = {
      events: [{ quantum: 5, actor: 'a', code: 'c', fields }],
      telemetry: { a: { x: NaN, y: -Infinity, z: 1e300 } },
      digests: null,
    }
    say({ stage: 0, report })
    say({ stage: 1 })
    const [first] = await network.until(reports)
    expect(first).toMatchObject({ events: report.events, telemetry: report.telemetry })
  })
})

describe('mail that was delivered', () => {
  const heard = (quantum: number) => ({ quantum, lines: [LINE], more: 3 })

  test.each([
    [{}, undefined],
    [{ mailFrom: 4 }, [heard(4), heard(5)]],
  ])('is reported if it is asked for (%j), and no other', async (asked, expected) => {
    const { network, conductor, say } = await alone()
    const reports = conductor.grant({ ...GRANT, quantum: 5, ...asked })
    say({ stage: 0, report: { ...NOTHING, heard: [3, 4, 5, 6].map(heard) } })
    say({ stage: 1 })
    expect((await network.until(reports))[0]!.heard).toEqual(expected)
  })
})

describe('a done that tells of steps ahead', () => {
  const EVENT = { quantum: 7, actor: 'a', code: 'c', fields: {} }
  const UNTIL = { ...GRANT, until: 10 }
  /** Granted 5, the host has mail for itself in 6, and in 7 for the device, for which it waits. */
  const WROTE_IN_7 = {
    stage: 0,
    nextWake: 6,
    bagsTo: [1],
    bagDigests: ['b'],
    ahead: [
      [6, 7, 1, null],
      [7, 8, 1, null],
    ],
  }
  const at = (quantum: number): typeof UNTIL => ({ ...UNTIL, quantum })

  test('answers the grants that it belongs to, and nothing is sent for them', async () => {
    const { network, conductor, heard, say } = await alone()
    const first = conductor.grant(UNTIL)
    say({
      stage: 0,
      nextWake: 7,
      ahead: [
        [7, 8, 2, { ...NOTHING, events: [EVENT] }],
        [8, 30, 0, null],
      ],
    })
    say({ stage: 1, nextWake: 8, ahead: [[8, 9, 0, null]] })
    const reports = [await network.until(first), await network.until(conductor.grant(at(7)))]
    expect(conductor.furthest).toBe(8)
    reports.push(await network.until(conductor.grant(at(8))))
    expect(reports).toEqual([
      [
        { stage: 0, nextWake: 7, mails: 0, events: [] },
        { stage: 1, nextWake: 8, mails: 0, events: [] },
      ],
      [
        { stage: 0, nextWake: 8, mails: 2, events: [EVENT] },
        { stage: 1, nextWake: 8, mails: 0, events: [] },
      ],
      [
        { stage: 0, nextWake: 30, mails: 0, events: [] },
        { stage: 1, nextWake: 9, mails: 0, events: [] },
      ],
    ])
    expect(heard).toHaveLength(1)
    const next = conductor.grant(at(9))
    say({ stage: 0, number: 2, nextWake: 30 })
    say({ stage: 1, number: 2, nextWake: 30 })
    await network.until(next)
    expect(heard.map(({ body }) => body)).toMatchObject([
      { quantum: 5, until: 10 },
      { quantum: 9, until: 10 },
    ])
  })

  test('has its bags named when the run has come behind its last step, and asks again who has none', async () => {
    const { network, conductor, heard, say } = await alone()
    const first = conductor.grant(UNTIL)
    say(WROTE_IN_7)
    say({ stage: 1, nextWake: 6 })
    await network.until(first)
    const second = conductor.grant(at(6))
    say({ stage: 0, number: 2, nextWake: Infinity, bagsTo: [1], bagDigests: ['b'] })
    say({ stage: 1, number: 2, nextWake: Infinity })
    expect((await network.until(second)).map(({ nextWake }) => nextWake)).toEqual([7, Infinity])
    expect((await network.until(conductor.grant(at(7))))[0]).toMatchObject({ nextWake: 8, mails: 1 })
    void conductor.grant(at(8)).catch(() => {})
    network.advance(1)
    expect(heard.map(({ body }) => (body as ControlOf<'grant'>).bagDigests)).toEqual([[], [], ['b']])
    await conductor.close()
  })

  test('leaves a mark for each quantum, the same however they were told of, and none for the end', async () => {
    const trails: TrailMark[][] = []
    for (const until of [10, 0]) {
      const trail: TrailMark[] = []
      const { network, conductor, say } = await alone({ onTrail: (mark) => trail.push(mark) })
      for (const quantum of [5, 6, 7]) {
        const granted = conductor.grant({ ...GRANT, quantum, until: until === 0 ? quantum : until })
        const number = conductor.number
        if (until > 0 && quantum === 5) {
          say(WROTE_IN_7)
          say({ stage: 1, nextWake: 20 })
        } else if (until === 0) {
          const bags = quantum === 7 ? { bagsTo: [1], bagDigests: ['b'] } : {}
          say({ stage: 0, number, nextWake: quantum + 1, mails: quantum > 5 ? 1 : 0, ...bags })
          say({ stage: 1, number, nextWake: 20 })
        }
        await network.until(granted)
      }
      const final = conductor.grant({ quantum: 8, observe: true, final: true })
      for (const stage of [0, 1]) say({ stage, number: conductor.number })
      await network.until(final)
      trails.push(trail)
    }
    expect(trails[0]!.map(({ quantum }) => quantum)).toEqual([5, 6, 7])
    expect(new Set(trails[0]!.map(({ digest }) => digest)).size).toBe(3)
    expect(trails[1]).toEqual(trails[0])
  })

  test.each([
    ['is no list', 7],
    ['has steps of another form', [[6, 7, 0]]],
    ['wakes never again and for nothing', [[6, NaN, 0, null]]],
    ['has a report that is none', [[6, 7, 0, { events: null, telemetry: null, digests: null }]]],
    ['has stepped with no reason', [[7, 8, 0, null]]],
    [
      'has not stepped upon its mail',
      [
        [6, 9, 1, null],
        [9, 11, 0, null],
      ],
    ],
    [
      'has stepped further than it may',
      [
        [6, 11, 0, null],
        [11, 12, 0, null],
      ],
    ],
    ['is longer than may be', Array.from({ length: 40 }, (_, i) => [6 + i, 7 + i, 0, null])],
  ])('and %s is dropped as malformed', async (_, ahead) => {
    const { network, conductor, say } = await alone()
    const reports = conductor.grant({ ...UNTIL, until: Array.isArray(ahead) && ahead.length > 32 ? 1000 : 10 })
    say({ stage: 0, nextWake: 6, ahead })
    expect(conductor.dropped.counts).toEqual({ malformed: 1 })
    say({ stage: 0 })
    say({ stage: 1 })
    await network.until(reports)
  })

  test('keeps nobody from being asked for the mail of those quanta, by the next grant that is sent', async () => {
    const { network, conductor, heard, say } = await alone()
    const mail = (quantum: number) => ({ quantum, lines: [LINE], more: 0 })
    const first = conductor.grant(UNTIL)
    say({
      stage: 0,
      nextWake: 6,
      ahead: [
        [6, 7, 0, null],
        [7, 10, 0, null],
      ],
    })
    say({ stage: 1, nextWake: 10 })
    await network.until(first)
    for (const quantum of [6, 7]) await network.until(conductor.grant({ ...at(quantum), mailFrom: quantum - 2 }))
    const next = conductor.grant({ ...GRANT, quantum: 10 })
    say({ stage: 0, number: 2, report: { ...NOTHING, heard: [3, 4, 7, 8, 10].map(mail) } })
    say({ stage: 1, number: 2 })
    expect((await network.until(next))[0]!.heard).toEqual([4, 7].map(mail))
    void conductor.grant({ ...GRANT, quantum: 11 }).catch(() => {})
    network.advance(1)
    const asked = heard.map(({ body }) => body as ControlOf<'grant'>).map(({ mailFrom, mailTo }) => [mailFrom, mailTo])
    expect(asked).toEqual([
      [Infinity, 0],
      [4, 7],
      [Infinity, 0],
    ])
    await conductor.close()
  })

  test('and mail goes to one that has gone ahead fails the run, and names who sent it', async () => {
    const { network, conductor, say } = await alone()
    const first = conductor.grant(UNTIL)
    say(WROTE_IN_7)
    say({ stage: 1, mails: 1, bagsTo: [0], bagDigests: ['a'] })
    await network.until(first)
    await expect(conductor.grant(at(6))).rejects.toThrow(
      'CP_STAGE stage 1: it writes to stage 0, which has gone ahead; expected a step',
    )
  })

  test.each([{ observe: true }, { final: true }, { commands: [] }])(
    'and nothing is asked (%j) of who has gone ahead',
    async (asked) => {
      const { network, conductor, say } = await alone()
      const first = conductor.grant(UNTIL)
      say({ stage: 0, nextWake: 6, ahead: [[6, 7, 0, null]] })
      say({ stage: 1 })
      await network.until(first)
      await expect(conductor.grant({ ...at(6), ...asked })).rejects.toThrow('has stepped in 6')
    },
  )
})

describe('a failure', () => {
  test.each([
    ['X', 'it broke', 'X it broke'],
    ['CP_TRACE', 'CP_TRACE x.refs: is a directory; expected a file', 'CP_TRACE x.refs: is a directory; expected a file'],
  ])('of a stage ends the grant with CP_STAGE, and all that follow: %s', async (code, message, told) => {
    const network = new Network()
    const party = await new Party(network, { actors: 3, stages: 3, until: 30 }).open()
    await network.until(party.play(3))
    const failed = encodeControl('failed', { generation: 1, stage: 2, code, message })
    network.wire('2').publish(subject('party', 'failed', 'promoter', 'conductor'), failed)
    network.cut('stage-1', 1000)
    const error = await network.until(party.finish().catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(ColdpoolError)
    expect((error as Error).message).toBe(`CP_STAGE stage 2: ${told}; expected a step`)
    await expect(party.conductor.grant(GRANT)).rejects.toBe(error)
    expect(party.conductor.failure).toBe(error)
  })

  test('in another generation, or under a name that is not the stage’s, is none', async () => {
    const { network, conductor, say } = await alone()
    const reports = conductor.grant(GRANT)
    const wire = network.wire('x')
    const failed = { generation: 2, stage: 1, code: 'X', message: '' }
    wire.publish(subject('run', 'failed', 'device', 'conductor'), encodeControl('failed', { ...failed, generation: 1 }))
    wire.publish(subject('run', 'failed', 'host', 'conductor'), encodeControl('failed', failed))
    say({ stage: 0 })
    say({ stage: 1 })
    await network.until(reports)
    expect(conductor.dropped.counts).toEqual({ old: 1, stranger: 1 })
  })

  test('is heard however many messages are lost', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const network = new Network(seed, { ...FAULTLESS, loss: 0.6 })
      const conductor = new ConductorEnd(network.wire('conductor'), { run: 'run', generation: 1, roles: ['host'], first: 1 })
      await conductor.open()
      const end = new StageEnd(
        network.wire('stage'),
        { run: 'run', generation: 1, stage: 0, roles: ['host'], first: 1 },
        {
          step: () => {
            throw new Error('no')
          },
        },
      )
      await end.open()
      await expect(network.until(conductor.grant(GRANT))).rejects.toThrow('CP_STAGE stage 0: Error no')
    }
  })

  test('that the conductor is told of ends the grant with it; the first one stays', async () => {
    const { conductor } = await alone()
    const reports = conductor.grant(GRANT)
    const lost = new StageLost(1, 'it is gone')
    conductor.abandon(lost)
    await expect(reports).rejects.toBe(lost)
    conductor.abandon(new StageLost(0, 'too'))
    await expect(conductor.grant(GRANT)).rejects.toBe(lost)
    expect(lost.message).toBe('stage 1: it is gone')
  })

  test('of who hears the trail ends the next grant with it, sent or told of before', async () => {
    for (const until of [5, 10]) {
      const diverged = new ColdpoolError('CP_DIVERGED', 'quantum 5', 'other', 'as before')
      const { network, conductor, say } = await alone({
        onTrail: () => {
          throw diverged
        },
      })
      const first = conductor.grant({ ...GRANT, until })
      say({ stage: 0, nextWake: until === 5 ? 6 : 20 })
      say({ stage: 1, nextWake: 20 })
      await network.until(first)
      await conductor.grant({ ...GRANT, quantum: 6, until }).catch(() => {})
      await expect(conductor.grant({ ...GRANT, quantum: 7 })).rejects.toBe(diverged)
      expect(conductor.failure).toBe(diverged)
    }
  })

  test('is what a grant ends with when the bus is closed under it', async () => {
    const { conductor } = await alone()
    const reports = conductor.grant(GRANT)
    await conductor.close()
    await expect(reports).rejects.toThrow('the bus was closed')
  })
})

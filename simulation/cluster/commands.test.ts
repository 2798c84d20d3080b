import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { beforeEach, describe, expect, test } from 'vitest'
import { Dropped, subject } from '#shared/bus/wire.ts'
import { Network } from '#shared/bus/wire.fixture.ts'
import type { Stamped } from '#shared/command.ts'
import { StoreFull } from '#shared/observe/store.ts'
import { Admission, type Request } from '../admission.ts'
import { operatorAnswer, type OperatorAnswer } from '../desk.ts'
import { Commands } from './commands.ts'
import { lobby } from './crew.ts'
import { Pacer } from './pacer.ts'
import { tiny } from './tiny.fixture.ts'

const packr = new Packr({ useRecords: false })
const DESK = subject(lobby('test'), 'command', 'operator', 'conductor')
const WORKLOAD = { host: 'host-1', kind: 'uniform', size: '1MiB', accesses: '1k/s' }

let network: Network
let dropped: Dropped
let pacer: Pacer
let admission: Admission
let commands: Commands
let ends = 0

beforeEach(() => {
  network = new Network()
  dropped = new Dropped()
  pacer = new Pacer(1, () => network.now())
  admission = new Admission(tiny())
  const wire = network.wire('conductor')
  ends = 0
  const end = (): void => void ends++
  commands = new Commands({ wire, cluster: 'test', admission, pacer, dropped, seconds: () => 0.5, quantum: () => 500, end })
  commands.open()
})

async function raw(bytes: Uint8Array): Promise<OperatorAnswer> {
  return operatorAnswer.parse(packr.unpack(await network.request(DESK, bytes)))
}

function ask(request: unknown): Promise<OperatorAnswer> {
  return raw(packr.pack(request))
}

/** As the director does: what is admitted is known from then on. */
function stamp(request: Request): Promise<Stamped> {
  return Promise.resolve().then(() => ({ quantum: 501, command: admission.admit(request) }))
}

async function carryOut(): Promise<void> {
  // What was asked has come to the desk by then.
  await new Promise(setImmediate)
  await commands.carryOut(stamp, (quantum) => quantum / 1000)
}

describe('a request', () => {
  test('to pause, to resume, for a step and for a pace is obeyed and answered at once', async () => {
    const now = { quantum: 500, seconds: 0.5 }
    expect(await ask({ command: 'pause' })).toEqual({ id: 'pause', ...now })
    expect(pacer.paused).toBe(true)
    expect(await ask({ command: 'resume' })).toEqual({ id: 'resume', ...now })
    expect([pacer.paused, pacer.waitMs(0.5)]).toEqual([false, 0])
    expect(await ask({ command: 'step', seconds: 0.25 })).toEqual({ id: 'step', ...now })
    expect([pacer.paused, pacer.waitMs(0.7), pacer.waitMs(0.75)]).toEqual([true, 0, Infinity])
    await ask({ command: 'resume' })
    expect(await ask({ command: 'pace', pace: 20 })).toEqual({ id: 'pace', ...now })
    expect([pacer.pace, pacer.waitMs(1.5)]).toEqual([20, 50])
    expect(commands.waiting).toBe(false)
  })

  test('to end the run is passed on', async () => {
    expect(await ask({ command: 'end' })).toEqual({ id: 'end', quantum: 500, seconds: 0.5 })
    expect(ends).toBe(1)
  })

  test('to inject or to stop waits until it is stamped, and is answered with its quantum', async () => {
    const inject = ask({ command: 'inject', id: 'late', workload: WORKLOAD })
    const stop = ask({ command: 'stop', id: 'one' })
    await carryOut()
    expect(await inject).toEqual({ id: 'late', quantum: 501, seconds: 0.501 })
    expect(await stop).toEqual({ id: 'one', quantum: 501, seconds: 0.501 })
    expect(admission.workloads.find(({ id }) => id === 'late')).toMatchObject({ injected: true, host: 'host-1' })
    expect(admission.workloads.find(({ id }) => id === 'one')).toMatchObject({ stopped: true })
    expect(commands.waiting).toBe(false)
  })

  test('without a name gets one that is free, and each its own', async () => {
    const answers = [1, 2, 3].map(() => ask({ command: 'inject', workload: WORKLOAD }))
    await carryOut()
    expect(await Promise.all(answers)).toEqual([
      { id: 'workload-3', quantum: 501, seconds: 0.501 },
      { id: 'workload-4', quantum: 501, seconds: 0.501 },
      { id: 'workload-5', quantum: 501, seconds: 0.501 },
    ])
  })

  test('that cannot be carried out is refused with its reason, and the others are carried out', async () => {
    const answers = [
      ask({ command: 'stop', id: 'nobody' }),
      ask({ command: 'inject', id: 'one', workload: WORKLOAD }),
      ask({ command: 'inject', workload: { ...WORKLOAD, host: 'host-9' } }),
      ask({ command: 'inject', workload: { kind: 'dance' } }),
      ask({ command: 'stop', id: 'two' }),
    ]
    await carryOut()
    const [nobody, taken, nowhere, dance, two] = await Promise.all(answers)
    expect(nobody).toEqual({ error: expect.stringContaining('no workload "nobody" to stop') as string })
    expect(taken).toEqual({ error: expect.stringContaining('the name is taken') as string })
    expect(nowhere).toEqual({ error: expect.stringContaining('host-9') as string })
    expect(dance).toEqual({ error: expect.stringContaining('kind') as string })
    expect(two).toMatchObject({ id: 'two' })
  })

  test('that the journal has no room for is refused', async () => {
    const answer = ask({ command: 'stop', id: 'one' })
    await new Promise(setImmediate)
    await commands.carryOut(
      () => Promise.reject(new StoreFull('maximum bytes exceeded')),
      () => 0,
    )
    expect(await answer).toEqual({ error: 'CP_JOURNAL journal: maximum bytes exceeded; expected room for the command' })
  })

  test('that is one too many is refused, and counted', async () => {
    const answers = Array.from({ length: 256 }, () => ask({ command: 'stop', id: 'one' }))
    await new Promise(setImmediate)
    expect(await ask({ command: 'stop', id: 'two' })).toEqual({
      error: expect.stringMatching(/^CP_COMMAND .*; expected at most 256$/) as string,
    })
    expect(dropped.counts).toEqual({ overflow: 1 })
    await carryOut()
    expect(await Promise.all(answers)).toHaveLength(256)
  })

  test('that still waits when the run is over is told so, and nobody is heard after that', async () => {
    const answer = ask({ command: 'stop', id: 'one' })
    await new Promise(setImmediate)
    commands.close()
    expect(await answer).toEqual({ error: 'CP_COMMAND run: it is over; expected a run that goes on' })
    await expect(ask({ command: 'pause' })).rejects.toThrow('nobody serves')
  })
})

describe('what is no request', () => {
  test.each<[string, unknown]>([
    ['a list', ['pause']],
    ['no command', {}],
    ['another command', { command: 'dance' }],
    ['a field too many', { command: 'pause', now: true }],
    ['a pace below 0', { command: 'pace', pace: -1 }],
    ['a pace beyond a million', { command: 'pace', pace: 1e7 }],
    ['no pace', { command: 'pace' }],
    ['a name that is too long', { command: 'stop', id: 'x'.repeat(65) }],
    ['an empty name', { command: 'stop', id: '' }],
    ['no workload', { command: 'inject' }],
    ['a text for a workload', { command: 'inject', workload: 'zipf' }],
    ['more than 64 KiB', { command: 'inject', workload: { text: 'x'.repeat(70_000) } }],
  ])('%s is answered with what is expected, and counted', async (_, request) => {
    expect(await ask(request)).toEqual({
      error:
        'CP_WIRE command: not a request; expected a msgpack map with command: inject, stop, pause, resume, step, pace or end',
    })
    expect(dropped.counts).toEqual({ malformed: 1 })
    expect(pacer.paused).toBe(false)
  })

  test('however it looks is answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 50 }), async (bytes) => {
        expect(await raw(bytes)).toHaveProperty('error')
      }),
    )
  })
})

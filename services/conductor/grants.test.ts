import { describe, expect, test } from 'vitest'
import type { Bus, Grant, Report } from '#shared/bus/bus.ts'
import { Script } from '#shared/command.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import { conduct, type GrantOptions, type GrantState } from './grants.ts'

/** One stage that wakes at the given quanta and sends mail at others; writes down what it was granted. */
class ScriptedBus implements Bus {
  readonly name = 'scripted'
  readonly granted: Grant[] = []
  readonly #wakes: readonly Quantum[]
  readonly #mails: readonly Quantum[]

  constructor(wakes: readonly Quantum[], mails: readonly Quantum[] = []) {
    this.#wakes = wakes
    this.#mails = mails
  }

  async join(): Promise<void> {}

  grant(grant: Grant): Promise<readonly Report[]> {
    this.granted.push(grant)
    const nextWake = Math.min(NEVER, ...this.#wakes.filter((wake) => wake > grant.quantum))
    const mails = Number(this.#mails.includes(grant.quantum))
    return Promise.resolve([
      { stage: 0, nextWake: NEVER, mails: 0, events: [] },
      { stage: 1, nextWake, mails, events: [] },
    ])
  }

  async close(): Promise<void> {}

  get quanta(): Quantum[] {
    return this.granted.filter(({ final }) => !final).map(({ quantum }) => quantum)
  }
}

const OPTIONS: GrantOptions = { end: 100, sampleEvery: 1000, onReports: () => true, proceed: () => true }

describe('the grant loop', () => {
  test('skips empty quanta: it grants the wakes, and the quantum after mail', async () => {
    const bus = new ScriptedBus([3, 20, 21, 50, 250], [20, 60, 61])
    const outcome = await conduct(bus, OPTIONS)
    expect(bus.quanta).toEqual([0, 3, 20, 21, 50])
    expect(outcome).toMatchObject({ ended: 100, quanta: 5, interrupted: false })
    const chatty = new ScriptedBus([3, 10], [3, 4, 5])
    await conduct(chatty, OPTIONS)
    expect(chatty.quanta).toEqual([0, 3, 4, 5, 6, 10])
  })

  test('covers quanta 0 to end − 1, then asks for the end, once', async () => {
    const bus = new ScriptedBus([99, 100])
    const { final } = await conduct(bus, OPTIONS)
    expect(bus.quanta).toEqual([0, 99])
    expect(bus.granted.at(-1)).toEqual({ quantum: 100, observe: true, final: true })
    expect(final).toHaveLength(2)
  })

  test('says how far nothing but wakes and mail decides, if so: to the next sample, the end, or some quanta on', async () => {
    const bus = new ScriptedBus([3, 4, 35, 36, 50, 95])
    let may = true
    await conduct(bus, {
      ...OPTIONS,
      sampleEvery: 60,
      mayStepAhead: () => may,
      onReports: (quantum) => {
        may = quantum !== 36
        return true
      },
    })
    expect(bus.granted.map(({ quantum, until }) => [quantum, until])).toEqual([
      [0, 32],
      [3, 32],
      [4, 32],
      [35, 60],
      [36, 60],
      [50, undefined],
      [60, 92],
      [95, 100],
      [100, undefined],
    ])
  })

  test('lets nobody step ahead over a command, nor in its quantum', async () => {
    const bus = new ScriptedBus([1, 2, 6, 7, 8, 9, 10])
    const script = new Script([{ quantum: 7, command: { kind: 'stop', id: 'a' } }])
    await conduct(bus, { ...OPTIONS, end: 12, script, mayStepAhead: () => true })
    expect(bus.granted.map(({ quantum, until }) => [quantum, until])).toEqual([
      [0, 7],
      [1, 7],
      [2, 7],
      [6, 7],
      [7, undefined],
      [8, 12],
      [9, 12],
      [10, 12],
      [12, undefined],
    ])
  })

  test('looks where nobody has stepped ahead', async () => {
    const bus = new ScriptedBus(Array.from({ length: 100 }, (_, i) => i + 1))
    await conduct(bus, { ...OPTIONS, end: 80, sampleEvery: 50, lookEvery: 10, mayStepAhead: () => true })
    expect(bus.granted.filter(({ observe, final }) => observe && !final).map(({ quantum }) => quantum)).toEqual([0, 32, 50])
  })

  test.each([
    [true, 35, [0, 3, 4]],
    [false, 4, [0, 3]],
  ])('is interrupted only where nobody has stepped ahead (%s)', async (ahead, ended, quanta) => {
    const bus = new ScriptedBus([3, 4, 35, 36])
    const proceed = ({ quantum }: GrantState): boolean => quantum !== 4
    const outcome = await conduct(bus, { ...OPTIONS, proceed, mayStepAhead: () => ahead })
    expect(outcome).toMatchObject({ interrupted: true, ended })
    expect(bus.quanta).toEqual(quanta)
  })

  test('samples on its grid, granting quanta for it that nobody else needs', async () => {
    const bus = new ScriptedBus([7, 24, 25], [7])
    await conduct(bus, { ...OPTIONS, end: 60, sampleEvery: 20 })
    expect(bus.granted.map(({ quantum, observe }) => [quantum, observe])).toEqual([
      [0, true],
      [7, false],
      [8, false],
      [20, true],
      [24, false],
      [25, false],
      [40, true],
      [60, true],
    ])
  })

  test('looks in between at quanta that are granted anyway, and calls that no sample', async () => {
    const bus = new ScriptedBus([3, 4, 12, 13, 35, 36])
    const heard: [Quantum, boolean][] = []
    const { quanta } = await conduct(bus, {
      ...OPTIONS,
      end: 60,
      sampleEvery: 20,
      lookEvery: 5,
      onReports: (quantum, _, sample) => heard.push([quantum, sample]) > 0,
    })
    const observed = bus.granted.filter(({ observe, final }) => observe && !final).map(({ quantum }) => quantum)
    expect(observed).toEqual([0, 12, 20, 35, 40])
    expect(heard.filter(([, sample]) => sample).map(([quantum]) => quantum)).toEqual([0, 20, 40])
    const unwatched = await conduct(new ScriptedBus([3, 4, 12, 13, 35, 36]), { ...OPTIONS, end: 60, sampleEvery: 20 })
    expect(quanta).toBe(unwatched.quanta)
  })

  test('ends early when it is told so, for instance when all have left', async () => {
    const bus = new ScriptedBus([5, 6, 7])
    const outcome = await conduct(bus, { ...OPTIONS, onReports: (quantum) => quantum < 6 })
    expect(bus.quanta).toEqual([0, 5, 6])
    expect(outcome).toMatchObject({ ended: 7, interrupted: false })
  })

  test('can be interrupted before any grant, and still ends properly', async () => {
    const bus = new ScriptedBus([5, 6, 7])
    let asked = 0
    const outcome = await conduct(bus, { ...OPTIONS, proceed: () => Promise.resolve(++asked <= 2) })
    expect(bus.quanta).toEqual([0, 5])
    expect(outcome).toMatchObject({ ended: 6, interrupted: true })
    expect(bus.granted.at(-1)).toMatchObject({ final: true })
  })
})

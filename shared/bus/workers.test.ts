import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../errors.ts'
import { anyBag } from '../mail.fixture.ts'
import type { Grant } from './bus.ts'
import { busContract } from './contract.ts'
import { type Guest, type Seating, stageOf } from './gossip.fixture.ts'
import { newTray, Tray } from './shared-bag.ts'
import { WorkersBus } from './workers.ts'

const MODULE = new URL('worker.fixture.ts', import.meta.url)
const make = (stages: number): WorkersBus => new WorkersBus(stages)
/** The first stage in this thread, as a run has it. */
const hire = (bus: WorkersBus, seating: Seating): Promise<void> | void =>
  seating.id === 0 ? bus.join(0, stageOf(seating)) : bus.hire(seating.id, MODULE, seating)

busContract('workers', make, hire)
busContract('workers (all in one thread)', make)

const granted = (quantum: number): Grant => ({ quantum, observe: false, final: false })

describe('mail in shared memory', () => {
  test('comes out as it went in, whatever it is and however much lies before it', () => {
    const memory = newTray()
    const [writer, reader] = [new Tray(memory), new Tray(memory)]
    fc.assert(
      fc.property(fc.array(anyBag, { minLength: 1, maxLength: 4 }), (bags) => {
        writer.clear()
        const places = bags.map(({ mails }) => writer.write(mails))
        for (const [i, place] of [...places.entries()].toReversed()) expect(reader.read(place)).toEqual(bags[i]!.mails)
      }),
    )
  })

  test('of megabytes makes room as it comes, and its reader owns what it reads', () => {
    const memory = newTray()
    const [writer, reader] = [new Tray(memory), new Tray(memory)]
    const pages = Uint32Array.from({ length: 3 << 20 }, (_, i) => i * 7)
    writer.write([{ from: 1, to: 2, sequence: 3, kind: 'released', body: { pages } }])
    const [mail] = reader.read(0)
    writer.clear()
    writer.write([{ from: 1, to: 2, sequence: 4, kind: 'released', body: { pages: new Uint32Array(3 << 20) } }])
    expect(mail!.kind === 'released' && mail.body.pages).toEqual(pages)
  })
})

describe('a stage in another thread', () => {
  test('that breaks an invariant fails the grant with its error, and the bus can be closed', async () => {
    for (const seat of [hire, undefined]) {
      const bus = make(2)
      const guests: Guest[] = [
        { kind: 'scribe', ordinal: 0, lines: { 2: [[1, 1]] } },
        { kind: 'fool', ordinal: 1 },
      ]
      for (const id of [0, 1]) {
        const seating = { id, guests, stages: [0, 1] }
        await (seat ? seat(bus, seating) : bus.join(id, stageOf(seating)))
      }
      await bus.grant(granted(0))
      await bus.grant(granted(2))
      const failed = bus.grant(granted(3))
      await expect(failed).rejects.toThrow(InvariantError)
      await expect(failed).rejects.toThrow('invariant broken: scribe-1 is no fool')
      await bus.close()
    }
  })

  describe('that is told how far nothing but wakes and mail count', () => {
    /** Two stages; the herald in the other thread talks to itself in quantum 1 and wakes in 5 and 30, and then writes to the scribe. */
    const guests: Guest[] = [
      { kind: 'scribe', ordinal: 0, lines: { 0: [[0, 1]], 60: [[1, 9]] } },
      { kind: 'herald', ordinal: 1, lines: { 1: [[1, 2]], 5: [[1, 3]], 30: [[0, 4]], 31: [[1, 5]] } },
    ]
    const heardUntil = async (heard: readonly unknown[], last: number): Promise<void> => {
      for (let i = 0; heard.at(-1) !== last; i++) {
        expect(i).toBeLessThan(500)
        await sleep(10)
      }
    }
    const open = async (): Promise<{ bus: WorkersBus; heard: unknown[] }> => {
      const bus = make(2)
      const heard: unknown[] = []
      const seating = { guests, stages: [0, 1] }
      await bus.join(0, stageOf({ id: 0, ...seating }))
      bus.hire(1, MODULE, { id: 1, ...seating }, (said) => heard.push(said))
      return { bus, heard }
    }

    test('steps ahead to there, until it writes to another; and each report waits for its grant', async () => {
      const { bus, heard } = await open()
      const told: unknown[] = []
      const grant = async (quantum: number, until: number): Promise<void> => {
        const reports = await bus.grant({ ...granted(quantum), until })
        told.push(
          ...reports.flatMap(({ events }) => events).map((event) => [quantum, event.quantum, event.actor, event.fields['level']]),
        )
        expect(reports.map(({ stage }) => stage)).toEqual([0, 1])
      }
      await grant(0, 20)
      await heardUntil(heard, 6)
      for (const quantum of [1, 2, 5, 6]) await grant(quantum, 20)
      expect(heard).toEqual([1, 2, 5, 6])
      await grant(30, 50)
      // Written to the scribe in 30, so 31 waits for its grant.
      await heardUntil(heard, 30)
      for (const quantum of [31, 32]) await grant(quantum, 50)
      for (const quantum of [60, 61]) await grant(quantum, quantum)
      await heardUntil(heard, 61)
      expect(heard).toEqual([1, 2, 5, 6, 30, 31, 32, 61])
      expect(told).toEqual([
        [1, 1, 'scribe-0', 1],
        [2, 2, 'scribe-1', 2],
        [6, 6, 'scribe-1', 3],
        [31, 31, 'scribe-0', 4],
        [32, 32, 'scribe-1', 5],
        [61, 61, 'scribe-1', 9],
      ])
      await bus.close()
    })

    test('has its mail delivered when its grants have come to it, however far ahead it was written', async () => {
      const bus = make(2)
      const heard: unknown[] = []
      const lines = { 3: [], 4: [[0, 7] as const] }
      const seating = {
        guests: [{ kind: 'scribe', ordinal: 0 } as const, { kind: 'herald', ordinal: 1, lines } as const],
        stages: [0, 1],
      }
      await bus.join(0, stageOf({ id: 0, ...seating }))
      bus.hire(1, MODULE, { id: 1, ...seating }, (said) => heard.push(said))
      const told: unknown[] = []
      for (const quantum of [0, 3, 4, 5]) {
        const reports = await bus.grant({ ...granted(quantum), until: 20 })
        if (quantum === 0) await heardUntil(heard, 4)
        told.push(...reports.flatMap(({ events }) => events).map((event) => [quantum, event.quantum, event.fields['level']]))
      }
      expect(told).toEqual([[5, 5, 7]])
      await bus.close()
    })

    test('must not be written to, nor asked for more, before it is there', async () => {
      const { bus, heard } = await open()
      await bus.grant({ ...granted(0), until: 20 })
      await heardUntil(heard, 6)
      await expect(bus.grant({ ...granted(1), observe: true })).rejects.toThrow('nothing is asked of stage 1 before quantum 20')
      await bus.close()
      const second = await open()
      await second.bus.grant(granted(0))
      await second.bus.grant({ ...granted(31), until: 70 })
      await heardUntil(second.heard, 32)
      await expect(second.bus.grant(granted(60))).rejects.toThrow('stage 0 writes to 1, which has gone ahead')
      await second.bus.close()
    })

    test('fails in the grant of the step that failed', async () => {
      const bus = make(2)
      const fools: Guest[] = [
        { kind: 'scribe', ordinal: 0 },
        { kind: 'fool', ordinal: 1, lines: { 3: [] } },
      ]
      const seating = { guests: fools, stages: [0, 1] }
      await bus.join(0, stageOf({ id: 0, ...seating }))
      bus.hire(1, MODULE, { id: 1, ...seating })
      for (const quantum of [0, 1, 2]) await bus.grant({ ...granted(quantum), until: 20 })
      await expect(bus.grant({ ...granted(3), until: 20 })).rejects.toThrow('invariant broken: scribe-1 is no fool')
      await bus.close()
    })
  })

  test('that cannot even be set up fails the grant instead of keeping it waiting', async () => {
    const bus = make(2)
    await bus.join(0, stageOf({ id: 0, guests: [], stages: [] }))
    bus.hire(1, new URL('nowhere.ts', import.meta.url), {})
    await expect(bus.grant(granted(0))).rejects.toThrow(/nowhere/)
    await bus.close()
  })
})

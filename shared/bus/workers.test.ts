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

  test('that cannot even be set up fails the grant instead of keeping it waiting', async () => {
    const bus = make(2)
    await bus.join(0, stageOf({ id: 0, guests: [], stages: [] }))
    bus.hire(1, new URL('nowhere.ts', import.meta.url), {})
    await expect(bus.grant(granted(0))).rejects.toThrow(/nowhere/)
    await bus.close()
  })
})

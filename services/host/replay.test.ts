/** A trace's rows are done many at a time; what comes of them is what comes of one after the other. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ACCESSED, HINTED } from '#shared/page/page-table.ts'
import { LOCAL, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import { Recorder } from '#shared/recorder.fixture.ts'
import { demoteNow, hostSpec, NODE, partsOf, profileOf, SECOND_DEVICE, WORKLOAD } from './host.fixture.ts'
import { Replayer } from './replay.ts'

const PAGES = 64

/** Page by page: in DRAM, on one of two devices, hinted there, poisoned, swapped. */
const places = fc.array(fc.constantFrom('dram', 'first', 'second', 'hinted', 'poisoned', 'swapped'), {
  minLength: PAGES,
  maxLength: PAGES,
})
/** Lines beyond a page are whole pages written over. */
const rows = fc.array(fc.record({ reads: fc.nat(70_000), writes: fc.constantFrom(0, 0, 1, 3, 64, 100) }), {
  minLength: 1,
  maxLength: PAGES,
})

function setting(where: readonly string[]) {
  const parts = partsOf(hostSpec({ devices: [NODE, { ...NODE, ordinal: SECOND_DEVICE, id: 'device-2' }] }))
  const { memory, history, access, tenancy, swap } = parts
  tenancy.profile(WORKLOAD, profileOf(PAGES, [], { written: ['ratio=1.3'], threads: 4 }), 0)
  const resident = tenancy.residents[0]!
  for (let page = 0; page < PAGES; page++) {
    memory.allocate(page, 0)
    memory.table.flags[page]! &= ~ACCESSED
    const place = where[page]!
    if (place === 'swapped') {
      memory.swapOut(page)
      swap.write(0, false)
      memory.writeback--
    } else if (place !== 'dram') demoteNow(memory, history, page, 0, place === 'second' ? 1 : 0)
    if (place === 'hinted') history.hint(page, 0)
    if (place === 'poisoned') memory.poison(page)
  }
  resident.work = 100
  const crossed: [number, boolean][] = []
  const replayer = new Replayer({
    memory,
    access,
    allocate: () => true,
    hotPerSecond: 1e5,
    crossed: (page, hot) => crossed.push([page, hot]),
  })
  return { ...parts, resident, crossed, replayer }
}

const column = (values: readonly number[]): Uint32Array => Uint32Array.from(values)

/** Replays the rows in epochs of `batch` rows, each of one work tick, all of them due. */
function replay(where: readonly string[], given: readonly { reads: number; writes: number }[], batch: number, filtered: boolean) {
  const { memory, access, links, tenancy, resident, crossed, replayer } = setting(where)
  for (let from = 0; from < given.length; from += batch) {
    const some = given.slice(from, from + batch)
    const reads = column(some.map((row) => row.reads))
    const writes = column(some.map((row) => row.writes))
    tenancy.accesses(WORKLOAD, {
      epoch: 0,
      workNs: 10_000,
      pages: column(some.map((_, i) => from + i)),
      reads,
      writes,
      llcReads: filtered ? reads : new Uint32Array(0),
      llcWritebacks: filtered ? writes : new Uint32Array(0),
    })
  }
  replayer.tick(resident, resident.replay!, 1_000_000)
  expect(resident.replay!.queue.length).toBe(0)
  const { localReads } = access
  access.settle(resident)
  const out = new Recorder('host-1')
  for (const link of links) {
    link.flush(out)
    link.reportTraffic(out, 1e7)
  }
  return {
    table: memory.table.snapshot(),
    access: access.snapshot(),
    sent: out.sent,
    localReads,
    crossed,
    debtNs: resident.debtNs,
    doom: resident.doom,
    lines: [...resident.accessesBefore],
  }
}

describe('rows of a trace', () => {
  test('done together do what they do one by one, wherever their pages lie', () => {
    fc.assert(
      fc.property(places, rows, (where, given) => {
        const together = replay(where, given, PAGES, true)
        expect(together).toEqual(replay(where, given, 1, true))
        expect(replay(where, given, 7, false)).toEqual(together)
      }),
    )
  })

  test('touch every page, count every line that crosses a link, and bring home what was swapped', () => {
    const where = Array.from({ length: PAGES }, (_, page) => ['dram', 'first', 'second', 'swapped'][page % 4]!)
    const given = where.map(() => ({ reads: 3, writes: 2 }))
    const { table, lines, localReads } = replay(where, given, PAGES, true)
    const { state, flags } = table as { state: Uint8Array; flags: Uint8Array }
    expect([...state.subarray(0, PAGES)]).toEqual(
      where.map((place) => (place === 'first' || place === 'second' ? POOLED : LOCAL)),
    )
    expect(state.subarray(0, PAGES)).not.toContain(SWAPPED)
    expect([...flags.subarray(0, PAGES)].every((bits) => (bits & ACCESSED) !== 0 && (bits & HINTED) === 0)).toBe(true)
    expect(lines).toEqual([(PAGES / 4) * 5, (PAGES / 4) * 5])
    expect(localReads).toBe((PAGES / 2) * 3)
  })
})

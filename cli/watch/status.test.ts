import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Output, ScriptedFeed, STATUS } from './run.fixture.ts'
import { nextStatus, status, statusTable } from './status.ts'
import { workloadsTable } from './workload-line.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a status', () => {
  it('is the next one that the feed brings, as JSON', async () => {
    const feed = new ScriptedFeed()
    const stdout = new Output()
    const code = status(feed, { stdout, stderr: new Output() }, { json: true })
    await vi.advanceTimersByTimeAsync(900)
    feed.listener.status!(STATUS)
    expect(await code).toBe(0)
    expect(JSON.parse(stdout.written)).toEqual(STATUS)
    expect(vi.getTimerCount()).toBe(0)
    expect(feed.closed).toBe(1)
  })

  it('is a table otherwise', async () => {
    const feed = new ScriptedFeed()
    const stdout = new Output()
    const code = status(feed, { stdout, stderr: new Output() })
    feed.listener.status!(STATUS)
    expect(await code).toBe(0)
    expect(stdout.written).toBe(`\
run        Kx3f9a: noisy-neighbour, seed 1
state      running
time       12.4 of 20 s, quantum 12400, 7.07 k quanta granted, pace 1×, 0.3 s behind
snapshots  last whole set of 10.0 s, generation 1
dropped    malformed 3
standby    spare-1

stage    state           roles        actors
stage-1  live            conductor    conductor
stage-2  silent for 7 s  host device  host-1 host-2 host-3 device-1 device-2

workload  host    kind   state     injected
steady-1  host-1  zipf   present   no
noisy-2   host-2  scan   left      no
late-3    host-3  burst  stopping  yes
`)
  })

  it('of a cluster that has just begun says what is not there yet', () => {
    const remark = 'waits for stage-2'
    const early = { ...STATUS, state: 'waiting' as const, remark, lastSetSeconds: -1, stages: [], standby: [], dropped: {} }
    const table = statusTable({ ...early, workloads: [], pace: 0 })
    for (const fact of ['waiting: waits for stage-2', 'as fast as possible', 'none yet', 'no stages', 'no messages']) {
      expect(table).toContain(fact)
    }
    expect(table.endsWith('no workloads')).toBe(true)
  })

  it('that does not come within three seconds is an error', async () => {
    const feed = new ScriptedFeed()
    const failure = nextStatus(feed).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(3000)
    expect(await failure).toMatchObject({
      code: 'CP_BUS',
      message: 'CP_BUS status: nothing was heard for 3 s; expected a conductor that runs on this bus',
    })
    expect(feed.closed).toBe(1)
  })

  it('of a bus that cannot be reached is the error of that bus', async () => {
    const feed = new ScriptedFeed()
    feed.follow = () => Promise.reject(new Error('no bus'))
    await expect(nextStatus(feed)).rejects.toThrow('no bus')
    expect(feed.closed).toBe(1)
  })
})

it('workloads are a table', () => {
  expect(workloadsTable({ ...STATUS, workloads: STATUS.workloads.slice(2) })).toBe(
    'workload  host    kind   state     injected\nlate-3    host-3  burst  stopping  yes',
  )
})

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { Heard, Sample, Status } from '#shared/observe/broadcast.ts'
import { Stage } from '#shared/stage.ts'
import { Cast } from '../actors.ts'
import { TINY_YAML, tiny } from '../cluster/tiny.fixture.ts'
import { parseInjections } from '../injections.ts'
import { runScenario } from '../run.ts'
import { LiveRun } from './live-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-live-'))
afterAll(() => rmSync(folder, { recursive: true }))

const WORKLOAD = { host: 'host-1', kind: 'uniform', size: '4MiB', accesses: '10k/s' }

function scripted(text: string) {
  return parseInjections(text, 'injections.yaml', tiny())
}

async function watched(onSample: (live: LiveRun, sample: Sample) => void = () => {}, pace = 0, injections = '') {
  const live = new LiveRun()
  const statuses: Status[] = []
  const samples: Sample[] = []
  await live.follow({
    status: (status) => void statuses.push(status),
    sample: (sample) => {
      samples.push(sample)
      onSample(live, sample)
    },
  })
  const result = await runScenario(
    { scenario: tiny(), yaml: TINY_YAML, out: folder, script: scripted(injections) },
    { live, pace },
  )
  return { live, statuses, samples, result }
}

describe('a run that is watched', () => {
  test('is the same run: digest, quanta, samples in its folder', async () => {
    const plain = await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: folder })
    const { result, samples } = await watched()
    expect(result.verdict).toEqual({ ...plain.verdict, wallSeconds: expect.any(Number) })
    const csv = (run: { folder: string | undefined }) => readFileSync(join(run.folder!, 'metrics/host-1.csv'), 'utf8')
    expect(csv(result)).toBe(csv(plain))
    expect(samples.length).toBeGreaterThanOrEqual(6)
  })

  test('tells at the end what the verdict says', async () => {
    const { result, samples, statuses } = await watched()
    expect(statuses.at(-1)).toMatchObject({ state: 'ended', virtualSeconds: result.verdict.virtualSeconds })
    const { telemetry, virtualSeconds } = samples.at(-1)!
    expect(virtualSeconds).toBe(result.verdict.virtualSeconds)
    for (const [id, figures] of Object.entries(result.verdict.devices))
      expect(telemetry[id]!['usedBytes']).toBe(figures['usedBytes'])
    for (const [id, figures] of Object.entries(result.verdict.hosts)) expect(telemetry[id]!['refused']).toBe(figures['refused'])
  })

  test('tells of the mail around every event, and it is the mail that was delivered', async () => {
    const step = vi.spyOn(Stage.prototype, 'step')
    const live = new LiveRun()
    const told: Heard[] = []
    const marks = new Set<number>()
    await live.follow({
      events: ({ quantum, events, mail = [] }) => {
        if (events.length > 0) marks.add(quantum)
        told.push(...mail)
      },
    })
    const script = parseInjections('- { quantum: 100, stop: one }\n- { quantum: 102, stop: two }', 'injections.yaml', tiny())
    await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: undefined, script }, { live })
    expect(marks.size).toBeGreaterThan(2)
    const stepped = new Map(
      step.mock.calls.filter(([{ final }]) => !final).map(([grant, bags]) => [grant.quantum, bags.flatMap(({ mails }) => mails)]),
    )
    step.mockRestore()
    const around = [...stepped.keys()].filter((quantum) => [-2, -1, 0, 1, 2].some((away) => marks.has(quantum - away)))
    expect(told.map(({ quantum }) => quantum)).toEqual(around)
    const { members } = new Cast(tiny())
    for (const { quantum, lines } of told) {
      const counts = new Map<string, number>()
      for (const { from, to, kind } of stepped.get(quantum)!) {
        const line = `${members[from]!.id} ${members[to]!.id} ${kind}`
        counts.set(line, (counts.get(line) ?? 0) + 1)
      }
      expect(new Map(lines.map(({ from, to, kind, mails }) => [`${from} ${to} ${kind}`, mails]))).toEqual(counts)
    }
  })

  test('takes a workload, and its injections.yaml gives the same digest again', async () => {
    let asked: Promise<unknown> | undefined
    const { result, statuses } = await watched((live) => {
      asked ??= live.ask({ command: 'inject', workload: WORKLOAD })
    }, 1)
    expect(await asked).toMatchObject({ id: 'workload-3' })
    expect(statuses.at(-1)!.workloads.at(-1)).toMatchObject({ id: 'workload-3', injected: true })
    const injections = readFileSync(join(result.folder!, 'injections.yaml'), 'utf8')
    const script = parseInjections(injections, 'injections.yaml', tiny())
    const again = await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: undefined, script })
    expect(again.verdict.digest).toBe(result.verdict.digest)
  })

  test('takes a workload that comes before a recorded one, and can be recorded again and again', async () => {
    const later = `- { quantum: 200, inject: late, workload: { host: host-2, kind: uniform, size: 4MiB, accesses: 10k/s } }
- { quantum: 220, stop: late }\n`
    const asked: Promise<unknown>[] = []
    const { result } = await watched(
      (live) => {
        if (asked.length > 0) return
        asked.push(live.ask({ command: 'inject', workload: WORKLOAD }), live.ask({ command: 'stop', id: 'late' }))
      },
      1,
      later,
    )
    const [came, refused] = (await Promise.all(asked)) as [{ quantum: number }, unknown]
    expect(came.quantum).toBeLessThan(200)
    expect(refused).toMatchObject({ error: expect.stringMatching(/late: got quantum \d+; expected 200 or later/) })
    let { folder: last } = result
    for (const _ of [1, 2]) {
      const script = scripted(readFileSync(join(last!, 'injections.yaml'), 'utf8'))
      expect(script.commands.map(({ quantum }) => quantum)).toEqual([came.quantum, 200, 220])
      const again = await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: folder, script })
      expect(again.verdict.digest).toBe(result.verdict.digest)
      last = again.folder
    }
  })

  test('refuses what fits nowhere, with a line, and goes on', async () => {
    let answer: unknown
    const { result } = await watched((live, { quantum }) => {
      if (quantum === 0) void live.ask({ command: 'stop', id: 'nobody' }).then((given) => (answer = given))
    }, 1)
    expect(answer).toMatchObject({ error: expect.stringContaining('no workload') })
    expect(result.verdict.interrupted).toBe(false)
  })

  test('holds when it is paused, goes a step, and goes on', async () => {
    const seen: number[] = []
    const seconds = (answer: unknown): number => (answer as { seconds: number }).seconds
    let begun = false
    const { result } = await watched((live) => {
      if (begun) return
      begun = true
      void (async () => {
        await live.ask({ command: 'pause' })
        await sleep(60)
        seen.push(seconds(await live.ask({ command: 'step', seconds: 0.1 })))
        // Asking to be paused once more changes nothing, and tells how far it is.
        for (let at = -1; at !== seen.at(-1);) {
          at = seen.at(-1)!
          await sleep(100)
          seen.push(seconds(await live.ask({ command: 'pause' })))
        }
        await live.ask({ command: 'resume' })
      })()
    }, 1)
    expect(seen.at(-1)! - seen[0]!).toBeGreaterThanOrEqual(0.1)
    expect(seen.at(-1)! - seen[0]!).toBeLessThan(0.12)
    expect(result.verdict.virtualSeconds).toBe(0.25)
  })

  test('ends early when it is asked to, and takes nothing after that', async () => {
    const { result, live } = await watched((watching) => void watching.ask({ command: 'end' }), 1)
    expect(result.verdict.interrupted).toBe(true)
    await expect(live.ask({ command: 'pause' })).rejects.toThrow(/^CP_COMMAND run: it does not go on/)
  })
})

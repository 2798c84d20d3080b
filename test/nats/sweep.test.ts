/** A sweep that is spread over workers on a real NATS: the table is that of one process, whoever dies on the way. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { NatsWire } from '#shared/bus/nats.ts'
import { pack } from '#shared/packing.ts'
import * as messages from '#simulation/sweep/bus-messages.ts'
import { Threads } from '#simulation/sweep/crew.ts'
import { Dealer } from '#simulation/sweep/dealer.ts'
import { plainOf } from '#simulation/sweep/outcome.ts'
import { carryOut, createSweep } from '#simulation/sweep/sweep.ts'
import { CROWDED, TINY, TINY_SCENARIO, tinySweep } from '#simulation/sweep/tiny.fixture.ts'
import { findServer, type Server } from './server.fixture.ts'

const found = findServer()
const NEVER = new AbortController().signal

describe.skipIf(found === undefined)(`a sweep over ${found?.name}`, () => {
  const sweep = tinySweep()
  const parent = mkdtempSync(join(tmpdir(), 'coldpool-nats-sweep-'))
  const workers: ChildProcess[] = []
  let server: Server
  let expected: Buffer
  let clusters = 0

  beforeAll(async () => {
    server = await found!.start()
    using folder = createSweep(parent, TINY, sweep)
    await carryOut(folder, new Threads(sweep, 1), NEVER, () => {})
    expected = readFileSync(join(folder.path, 'results.parquet'))
  }, 180_000)

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((child) => kill(child)))
  })

  afterAll(async () => {
    await server.stop()
    rmSync(parent, { recursive: true })
  })

  const coldpool = (...argv: readonly string[]): ChildProcess =>
    spawn(process.execPath, ['cli/main.ts', ...argv], { stdio: ['ignore', 'ignore', 'pipe'] })

  /** Resolves when it waits for variants. */
  async function worker(cluster: string): Promise<ChildProcess> {
    const child = coldpool('sweep-worker', '--bus', server.url, '--cluster', cluster, '--workers', '1')
    workers.push(child)
    let told = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (told += text))
    while (!told.includes('waiting for variants')) {
      if (child.exitCode !== null) throw new Error(told)
      await sleep(20)
    }
    return child
  }

  async function dealt<T>(
    work: (parts: { wire: NatsWire; dealer: Dealer; cluster: string; notices: string[] }) => Promise<T>,
  ): Promise<T> {
    const cluster = `sweep-${++clusters}`
    const notices: string[] = []
    const wire = await NatsWire.connect({ servers: server.url, name: 'sweep' })
    try {
      return await work({
        wire,
        cluster,
        notices,
        dealer: new Dealer({ wire, cluster, sweep, onNotice: (notice) => notices.push(notice) }),
      })
    } finally {
      await wire.close()
    }
  }

  test('two workers, one of which is killed at work, give the table of one process', async () => {
    await dealt(async ({ dealer, cluster }) => {
      const [doomed] = await Promise.all([worker(cluster), worker(cluster)])
      using folder = createSweep(parent, TINY, sweep)
      await carryOut(folder, dealer, NEVER, (done) => done === 3 && doomed.kill('SIGKILL'))
      expect(readFileSync(join(folder.path, 'results.parquet')).equals(expected)).toBe(true)
      expect(doomed.signalCode).toBe('SIGKILL')
    })
  })

  test('what a worker has taken and then never speaks of is handed out again, and told', async () => {
    await dealt(async ({ dealer, cluster, notices }) => {
      const ghost = await NatsWire.connect({ servers: server.url, name: 'ghost' })
      const taken: number[] = []
      const takeOne = (bytes: Uint8Array): Promise<Uint8Array> => {
        const answer: messages.VariantAnswer = taken.length > 0 ? { busy: true } : { taken: 'ghost' }
        taken.push(messages.read(bytes, messages.variantMessage)!.index)
        return Promise.resolve(messages.write(answer))
      }
      ghost.serve(messages.variantSubject(cluster), takeOne, messages.QUEUE)
      await ghost.flush()
      using folder = createSweep(parent, TINY, sweep)
      const done = carryOut(folder, dealer, NEVER, () => {})
      while (taken.length === 0) await sleep(10)
      await worker(cluster)
      await done
      expect(readFileSync(join(folder.path, 'results.parquet')).equals(expected)).toBe(true)
      expect(notices).toEqual(['worker ghost is gone'])
      await ghost.close()
    })
  })

  test('a sweep that is killed goes on where it was, with the same table', async () => {
    const cluster = `sweep-${++clusters}`
    const out = join(parent, 'killed')
    writeFileSync(join(parent, 'tiny.yaml'), TINY_SCENARIO)
    writeFileSync(join(parent, 'sweep.yaml'), TINY)
    await worker(cluster)
    const bus = ['--bus', server.url, '--cluster', cluster, '--quiet']
    const first = coldpool('sweep', join(parent, 'sweep.yaml'), '--out', out, ...bus)
    const log = (): string[] => {
      const [name] = existsSync(out) ? readdirSync(out) : []
      const file = join(out, name ?? '', 'results.ndjson')
      return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    }
    while (log().length < 5 && first.exitCode === null) await sleep(10)
    await kill(first)
    const before = log()
    expect(before.length).toBeLessThan(14)
    const folder = join(out, readdirSync(out)[0]!)
    const second = coldpool('sweep', '--resume', folder, ...bus)
    expect(await once(second, 'exit')).toEqual([0, null])
    expect(readFileSync(join(folder, 'results.parquet')).equals(expected)).toBe(true)
    // Once each: the lines that were whole stayed, and each variant has one.
    const after = log()
    expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1))
    expect(after).toHaveLength(14)
  })

  test('what nobody honest says is counted and dropped, by sweep and worker', async () => {
    await dealt(async ({ wire, dealer, cluster }) => {
      const stranger = await NatsWire.connect({ servers: server.url, name: 'stranger' })
      const [variant, outcome] = [messages.variantSubject(cluster), messages.outcomeSubject(cluster, sweep.digest)]
      await worker(cluster)
      const refused = await stranger.request(variant, pack({ kind: messages.KIND, text: 7 }), 2000)
      expect(messages.read(refused, messages.variantAnswer)).toEqual({ refused: 'a variant of another form' })
      const other = { kind: '0.0 0', sweep: sweep.digest, index: 0, text: '', overrides: [] }
      const answer = messages.read(await stranger.request(variant, pack(other), 2000), messages.variantAnswer)
      expect(answer).toEqual({ refused: expect.stringMatching(/^sweep-worker-\S+ is /) as string })
      using folder = createSweep(parent, TINY, sweep)
      let disturbed = false
      await carryOut(folder, dealer, NEVER, () => {
        if (disturbed) return
        disturbed = true
        const real = [...folder.log.outcomes.values()][0]!
        const wrong = { worker: 'x', index: 0, outcome: { ...plainOf(real), index: 99 } }
        for (const said of [wrong, { worker: 'x', index: 0, outcome: {} }, 7]) void stranger.request(outcome, pack(said), 2000)
        stranger.publish(messages.beatSubject(cluster), Uint8Array.of(0xc1))
        // What was heard already is heard again.
        void stranger.request(outcome, messages.write({ worker: 'x', index: real.index, outcome: plainOf(real) }), 2000)
      })
      expect(readFileSync(join(folder.path, 'results.parquet')).equals(expected)).toBe(true)
      expect(wire.dropped.counts).toEqual({ malformed: 4 })
      await stranger.close()
    })
  })

  test('an outcome that an earlier process of the sweep wrote down before it died is heard, and not written twice', async () => {
    await dealt(async ({ wire, dealer, cluster }) => {
      const stranger = await NatsWire.connect({ servers: server.url, name: 'stranger' })
      await worker(cluster)
      const ended: number[] = []
      using folder = createSweep(parent, TINY, sweep)
      await carryOut(
        { ...folder, sweep: { ...sweep, variants: sweep.variants.slice(0, 1) } },
        new Threads(sweep, 1),
        NEVER,
        () => {},
      )
      const done = dealer.carry(sweep.variants.slice(1), NEVER, ({ index }) => ended.push(index))
      const said = messages.write({ worker: 'late', index: 0, outcome: plainOf(folder.log.outcomes.get(0)!) })
      await wire.flush()
      await stranger.request(messages.outcomeSubject(cluster, sweep.digest), said, 2000)
      await done
      expect(ended.toSorted((x, y) => x - y)).toEqual(sweep.variants.slice(1).map(({ index }) => index))
      expect(wire.dropped.counts).toEqual({ double: 1 })
      await stranger.close()
    })
  })

  test('a variant whose setting turns out to be impossible is named, as where no bus is, with the exit code of a mistake', async () => {
    const cluster = `sweep-${++clusters}`
    writeFileSync(join(parent, 'tiny.yaml'), TINY_SCENARIO)
    writeFileSync(join(parent, 'crowded.yaml'), CROWDED)
    await worker(cluster)
    const out = join(parent, 'crowded')
    const child = coldpool(
      'sweep',
      join(parent, 'crowded.yaml'),
      '--out',
      out,
      '--bus',
      server.url,
      '--cluster',
      cluster,
      '--quiet',
    )
    const stderr = textOf(child.stderr!)
    expect(await once(child, 'exit')).toEqual([2, null])
    expect(await stderr).toMatch(
      /^CP_SCENARIO_LIMIT hosts\.host-1\.pooledAtStart: .*, with devices\.device-1\.physical=2MiB, workloads\.bear\.rate=\S+, seed=1 \(variant \d on sweep-worker-\S+\); expected .*\n$/,
    )
  })

  test('an outcome that differs from the one before ends the sweep', async () => {
    await dealt(async ({ dealer, cluster }) => {
      const stranger = await NatsWire.connect({ servers: server.url, name: 'stranger' })
      using folder = createSweep(parent, TINY, sweep)
      await worker(cluster)
      const done = carryOut(folder, dealer, NEVER, () => {
        const { figures, index } = [...folder.log.outcomes.values()][0]!
        const message = { worker: 'liar', index, outcome: plainOf({ figures, index, digest: 'f'.repeat(32) }) }
        void stranger.request(messages.outcomeSubject(cluster, sweep.digest), messages.write(message), 2000).catch(() => {})
      })
      await expect(done).rejects.toThrow(/^CP_DIVERGED variant \d+: liar got f{32}/)
      await stranger.close()
    })
  })
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

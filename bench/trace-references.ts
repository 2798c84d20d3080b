/**
 * The trace path from a file of single references on: a zipf(1.0) trace of 20 M references over 1 M pages, replayed by a
 * scenario's own actors on a host with DRAM for 100 k of them, a device with room for 786 k, swap for what it refuses, and a promoter
 * that the device's hotness monitor feeds. Timed is from the first quantum until the host says that the last reference is
 * replayed: reading, gathering into epochs, mail and its digest, replay, reclaim, device, promoter. Opening the file, which checks and
 * hashes it once, is a figure of its own.
 *
 * Beside it, on the same records, the bare loop: three arrays touched for each reference, and nothing else.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryBus } from '#shared/bus/memory.ts'
import { assert } from '#shared/errors.ts'
import type { Mail } from '#shared/messages.ts'
import { parseScenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { NEVER } from '#shared/time.ts'
import { conduct } from '#services/conductor/grants.ts'
import { Cast } from '#simulation/actors.ts'
import { checkConservation } from '#simulation/conservation.ts'
import { openReferences } from '#simulation/reference-file.ts'
import { telemetryOf } from '#simulation/verdict.ts'
import { type Benchmark, secondsOf } from './harness.ts'
import { writeZipfReferences, type ZipfReferences } from '#simulation/zipf-references.fixture.ts'

const TRACE: ZipfReferences = { pages: 1_000_000, count: 20_000_000, skew: 1, writeShare: 0.2, seed: 1 }

/**
 * Epochs as long as those of the recordings. Watermarks at 2 % of memory, as where memory is tiered. The monitor judges ten
 * times a second, for the whole trace takes only some three.
 */
const scenarioOf = (file: string): string => `
name: trace-references
duration: 1h
devices:
  pool: { physical: 2GiB, advertised: 3GiB, low: 1%, high: 2%, channels: 4, hotness: { epoch: 100ms, threshold: 4 } }
hosts:
  host: { memory: 400000KiB, devices: [pool], watermarkScaleFactor: 200, swap: { size: 8GiB, bandwidth: 8GB/s } }
promoters:
  promoter: { host: host }
workloads:
  trace: { host: host, kind: trace, file: ${JSON.stringify(file)}, threads: 64, epochReferences: 1000000 }
`

export const traceReferences: Benchmark = {
  figures: [
    { name: 'trace-references-per-second', unit: 'references/s', goal: 30e6, better: 'higher' },
    // 260 M/s, which the bare loop does on a quiet machine of this kind, over the goal.
    { name: 'trace-over-bare-loop', unit: '×', goal: 8.7, better: 'lower' },
    { name: 'trace-open-seconds', unit: 's', goal: 0.2, better: 'lower' },
  ],
  runs: 5,
  prepare: (quick) => {
    const folder = mkdtempSync(join(tmpdir(), 'coldpool-bench-'))
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'zipf.refs')
    const trace = quick ? { ...TRACE, count: TRACE.count / 10 } : TRACE
    process.stderr.write(`trace-references-per-second: ${trace.count / 1e6} M references are written\n`)
    writeZipfReferences(file, trace)
    const records = new Uint32Array(trace.count)
    openReferences(file).read(0, records)
    // The first run only warms up, and may take longer. A trace as short as the quick one does not fill the device.
    let checked = quick
    return async () => {
      const balance = checked ? undefined : new Balance(records)
      checked = true
      const bareSeconds = secondsOf(() => bareLoop(records, trace.pages))
      const { openSeconds, seconds } = await replay(file, balance)
      return [trace.count / seconds, seconds / bareSeconds, openSeconds]
    }
  },
}

/** Runs to the end, when all has been given back and the books are closed. */
async function replay(file: string, balance: Balance | undefined): Promise<{ openSeconds: number; seconds: number }> {
  const openMs = performance.now()
  const scenario = parseScenario(scenarioOf(file), 'bench')
  const cast = new Cast(scenario)
  const conductor = cast.conductor()
  const actors = cast.members.map(({ ordinal }) => (ordinal === 0 ? conductor : cast.actor(ordinal)))
  let [sent, done, doneMs] = [0, 0, 0]
  const bus = new MemoryBus((bag) => {
    for (const mail of bag.mails) {
      if (mail.kind === 'accesses') sent++
      if (mail.kind === 'progress') done = mail.body.epochsDone
      balance?.hear(mail)
    }
    return bag
  })
  await bus.join(0, new Stage(0, actors, () => 0))
  const startMs = performance.now()
  const outcome = await conduct(bus, {
    end: NEVER,
    sampleEvery: NEVER,
    proceed: () => true,
    onReports: () => {
      if (done < sent) doneMs = 0
      else if (doneMs === 0) doneMs = performance.now()
      return !conductor.allLeft
    },
  })
  const final = telemetryOf(outcome.final)
  checkConservation(scenario, final, outcome.ended)
  assert(final['trace']!['epochsDone'] === sent && final['trace']!['ended'] === 1, 'the host has replayed every epoch')
  if (balance) {
    balance.check()
    for (const figure of ['demoted', 'refused', 'swappedOut', 'swappedIn', 'promoted', 'declined']) {
      assert(final['host']![figure]! > 0, `the whole of the lifecycle took part: ${figure}`)
    }
  }
  return { openSeconds: (startMs - openMs) / 1000, seconds: (doneMs - startMs) / 1000 }
}

/** Of references in the file against those that were mailed, page by page, reads and writes apart. */
class Balance {
  readonly #missing = new Int32Array(2 * TRACE.pages)

  constructor(records: Uint32Array) {
    for (const record of records) this.#missing[record]!++
  }

  hear({ kind, body }: Mail): void {
    if (kind !== 'accesses') return
    body.pages.forEach((page, row) => {
      this.#missing[page * 2]! -= body.reads[row]!
      this.#missing[page * 2 + 1]! -= body.writes[row]!
    })
  }

  check(): void {
    assert(
      this.#missing.every((count) => count === 0),
      'every reference in the file was mailed, once',
    )
  }
}

/** A count, a mark and a time of each page. */
function bareLoop(records: Uint32Array, pages: number): void {
  const counts = new Uint32Array(pages)
  const marks = new Uint8Array(pages)
  const last = new Uint32Array(pages)
  for (let i = 0; i < records.length; i++) {
    const page = records[i]! >>> 1
    counts[page]!++
    marks[page]! |= 4
    last[page] = i
  }
}

/**
 * A rack at full size, in a process of its own and on one core: 60 virtual seconds, set-up and verdict included; and once more with all
 * access rates a hundredfold, which must cost hardly more. Takes 5 GB of memory.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { assert } from '#shared/errors.ts'
import { parseScenario } from '#shared/scenario.ts'
import type { Benchmark } from './harness.ts'
import type { RackRun } from './rack-child.ts'

const CHILD = new URL('rack-child.ts', import.meta.url).pathname
const RACK = new URL('../scenarios/rack.yaml', import.meta.url)
/** The second one: the first has more interrupts. Where there is no taskset, the child has all cores, of which it uses one and a bit. */
const PINNED = process.platform === 'linux' ? ['taskset', '-c', '1'] : []

/** As the command has it, once it has run on a machine. */
const NODE_COMPILE_CACHE = join(tmpdir(), 'coldpool-bench-compiled')

export const rack: Benchmark = {
  figures: [
    { name: 'rack-wall-seconds', unit: 's', goal: 60, better: 'lower' },
    // 16 B of the page table, and indexes: a byte in the device, one in its monitor, one in the promoter, 4 B for a pooled page.
    { name: 'rack-bytes-per-page', unit: 'B', goal: 22, better: 'lower' },
    { name: 'rack-rate-insensitivity', unit: 'of the time at rates × 1', goal: 1.3, better: 'lower' },
  ],
  runs: 5,
  prepare: (quick) => async () => {
    const duration = quick ? ['duration=10s'] : []
    const plain = await runRack(duration)
    const fast = await runRack([...duration, ...ratesTimes(100)])
    if (!quick) checkSize(plain.run)
    return [plain.wallSeconds, plain.run.residentBytes / plain.run.pages, fast.wallSeconds / plain.wallSeconds]
  },
}

/** Wall time from the process's start to its end; on one core, if it is over one thread. */
export async function runRack(
  overrides: readonly string[],
  threads = 1,
): Promise<{ readonly wallSeconds: number; readonly run: RackRun }> {
  const child = [process.execPath, CHILD, '--workers', String(threads), ...overrides]
  const [command, ...args] = threads === 1 ? [...PINNED, ...child] : child
  const startMs = performance.now()
  const { stdout } = await promisify(execFile)(command!, args, { env: { ...process.env, NODE_COMPILE_CACHE } })
  return { wallSeconds: (performance.now() - startMs) / 1000, run: JSON.parse(stdout) as RackRun }
}

/** Overrides that multiply the access rates of all of its workloads. */
export function ratesTimes(factor: number): string[] {
  const { workloads } = parseScenario(readFileSync(RACK, 'utf8'), 'rack.yaml')
  return Object.entries(workloads).flatMap(([id, workload]) =>
    'accesses' in workload ? [`workloads.${id}.accesses=${workload.accesses * factor}/s`] : [],
  )
}

function checkSize({ pages, pooledPages, moves, virtualSeconds }: RackRun): void {
  assert(pages >= 384e6, `the rack has 384 million pages, not ${pages}`)
  assert(pooledPages >= 128e6, `128 million of its pages are pooled, not ${pooledPages}`)
  assert(moves >= 100_000 * virtualSeconds, `it moves 100,000 pages a second, not ${moves / virtualSeconds}`)
}

/**
 * Runs scenarios/rack.yaml on one stage and stores two snapshots of it in a file: the first, which is a full one, when a virtual second
 * has passed, and what has changed four seconds later. Prints the seconds and bytes of both, as JSON.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conduct } from '#services/conductor/grants.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import { Increments, putIncrement } from '#shared/observe/increments.ts'
import { MemoryStore } from '#shared/observe/memory-store.ts'
import { loadScenario } from '#shared/scenario.ts'
import { quantumAt } from '#shared/time.ts'
import { Cast } from '#simulation/actors.ts'
import { Spread } from '#simulation/threads/spread.ts'
import { stageFrom } from '#simulation/threads/stage-from.ts'

export interface StoredSnapshot {
  readonly seconds: number
  readonly bytes: number
}

/** Keeps nothing in memory but where things are. */
class FileStore extends MemoryStore {
  readonly #file: number
  bytes = 0

  constructor(file: number) {
    super()
    this.#file = file
  }

  override append(subject: string, bytes: Uint8Array, id: string): Promise<number> {
    this.bytes += writeSync(this.#file, bytes)
    return super.append(subject, new Uint8Array(), id)
  }
}

const SECOND_NS = 1e9
const scenarioFile = new URL('../scenarios/rack.yaml', import.meta.url)
const { scenario } = loadScenario(readFileSync(scenarioFile, 'utf8'), 'rack.yaml', ['duration=5100ms'])
const at = [1, 5].map((seconds) => quantumAt(seconds * SECOND_NS, scenario.quantum))
const directory = mkdtempSync(join(tmpdir(), 'coldpool-bench-'))
const file = openSync(join(directory, 'snapshots'), 'w')
const cast = new Cast(scenario)
const stage = stageFrom(cast, 0, Spread.over(1, cast))
const bus = new MemoryBus()
await bus.join(0, stage)
const store = new FileStore(file)
const increments = new Increments()
const snapshots: StoredSnapshot[] = []
await conduct(bus, {
  end: quantumAt(scenario.duration, scenario.quantum),
  sampleEvery: scenario.sample / scenario.quantum,
  onReports: () => true,
  proceed: async ({ quantum }) => {
    if (quantum < (at[snapshots.length] ?? Infinity)) return true
    const startMs = performance.now()
    const before = store.bytes
    await putIncrement(store, { run: 'rack', role: 'host' }, increments.take(stage.peek()), new AbortController().signal)
    snapshots.push({ seconds: (performance.now() - startMs) / 1000, bytes: store.bytes - before })
    return true
  },
})
closeSync(file)
rmSync(directory, { recursive: true })
process.stdout.write(`${JSON.stringify(snapshots)}\n`)

/** A whole little cluster in one process, over the wire in memory, and ways to kill parts of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FakeWire, Network } from '#shared/bus/wire.fixture.ts'
import type { Events, Heard, Listener } from '#shared/observe/broadcast.ts'
import { MemoryStore } from '#shared/observe/memory-store.ts'
import type { RunResult } from '../ledger.ts'
import { conductRun } from './conductor-process.ts'
import { type CrewOptions, runCrew } from './crew.ts'
import type { DirectorOptions } from './director.ts'
import { QUIET, TINY_YAML } from './tiny.fixture.ts'

export interface Crew {
  readonly wire: FakeWire
  readonly leave: AbortController
  readonly ended: Promise<void>
}

export class LittleCluster {
  readonly network = new Network(1)
  readonly out = mkdtempSync(join(tmpdir(), 'cluster-'))
  store = new MemoryStore()
  /** Who has taken up a post. */
  readonly ready: string[] = []
  readonly #yaml: string
  readonly #crews: Crew[] = []
  readonly #restored = new Set<string>()

  constructor(yaml = TINY_YAML) {
    this.#yaml = yaml
  }

  crew(name: string, roles: readonly string[], options: Partial<CrewOptions> = {}, capacity = 0): Crew {
    const wire = this.network.wire(name)
    const leave = new AbortController()
    const info = (fields: { readonly restored?: boolean }, message: string): void => {
      if (message === 'ready') this.ready.push(name)
      if (fields.restored === true) this.#restored.add(name)
    }
    const log = { ...QUIET, info }
    const ended = runCrew(wire, this.store, { cluster: 'test', name, roles, capacity }, { log, ...options }, leave.signal)
    const made = { wire, leave, ended }
    this.#crews.push(made)
    return made
  }

  threeCrews(): Crew[] {
    return [
      this.crew('device-a', ['device']),
      this.crew('host-a', ['host', 'workload']),
      this.crew('host-b', ['host', 'promoter', 'workload']),
    ]
  }

  conduct(more: Partial<DirectorOptions> = {}, wire = this.network.wire('conductor')): Promise<RunResult | undefined> {
    const options = { cluster: 'test', pace: 0, log: QUIET, ...more }
    return conductRun(wire, this.store, () => ({ yaml: this.#yaml, out: this.out }), options)
  }

  /** Who has taken up a post with what a snapshot held. */
  get restored(): string[] {
    return [...this.#restored].toSorted()
  }

  async close(): Promise<void> {
    for (const { leave } of this.#crews) leave.abort()
    await Promise.all(this.#crews.map(({ ended }) => ended))
    rmSync(this.out, { recursive: true })
  }
}

/** As if it were killed: it neither says nor hears anything any more. */
export function kill({ wire, leave }: Crew): void {
  void wire.close()
  leave.abort()
}

/** Calls once: at this grant, or so many after the first set was taken. */
export function onceAt(
  when: { readonly grant: number } | { readonly afterSet: number },
  act: () => void,
): Pick<DirectorOptions, 'onMoment'> {
  let due = 'grant' in when ? when.grant : Infinity
  let done = false
  return {
    onMoment: (moment, number) => {
      if (moment === 'set' && 'afterSet' in when && due === Infinity) due = number + when.afterSet
      if (done || moment !== 'grant' || number < due) return
      done = true
      act()
    },
  }
}

/** The mail that a listener is told of, by quantum; it may be told of a quantum once. */
export class Overhearing implements Listener {
  readonly mail = new Map<number, Heard>()
  readonly marks: number[] = []
  doubled = 0

  events({ quantum, events, mail = [] }: Events): void {
    if (events.length > 0) this.marks.push(quantum)
    for (const heard of mail) {
      if (this.mail.has(heard.quantum)) this.doubled++
      this.mail.set(heard.quantum, heard)
    }
  }
}

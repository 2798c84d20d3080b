/**
 * Gossips on stages over a wire that may be bad, and the same gossips on the memory bus to compare with: whatever the wire does,
 * digests and events must be the same.
 */
import { deserialize } from 'node:v8'
import type { Snapshot } from '../actor.ts'
import { packSnapshot } from '../observe/snapshots.ts'
import { Stage } from '../stage.ts'
import type { Quantum } from '../time.ts'
import type { ActorDigest, Bag, Bus, StageId } from './bus.ts'
import { ConductorEnd } from './conductor-end.ts'
import { Gossip } from './gossip.fixture.ts'
import { MemoryBus } from './memory.ts'
import { StageEnd } from './stage-end.ts'
import { Dropped } from './wire.ts'
import type { Network } from './wire.fixture.ts'

export interface Guests {
  readonly actors: number
  readonly stages: number
  /** They chat until this quantum. */
  readonly until: Quantum
  /**
   * Who is not on stage 0 chats with those of its own stage, and now and then says something to the first, who never answers. So they may
   * step ahead, over so many quanta at once; default: all chat with all.
   */
  readonly apart?: Quantum
}

export interface Outcome {
  readonly digests: readonly ActorDigest[]
  readonly events: readonly string[]
}

/** Where a run stands before a grant. */
export interface Standing {
  readonly quantum: Quantum
  readonly events: readonly string[]
}

const RUN = 'party'
const START: Standing = { quantum: 0, events: [] }

interface Kept {
  readonly state: Snapshot
  readonly inbox: readonly Bag[]
}

/** A whole set of snapshots, as bytes. */
export interface Kit {
  readonly standing: Standing
  readonly first: number
  readonly stages: readonly Uint8Array[]
}

/** A set of processes that play one generation of a run: a stage each, and the conductor with stage 0 in its own process. */
export class Party {
  readonly network: Network
  readonly guests: Guests
  readonly conductor: ConductorEnd
  readonly ends: StageEnd[] = []
  readonly dropped = new Dropped()
  readonly trail: string[] = []
  readonly generation: number
  readonly #kit: Kit | undefined
  #taken: (Uint8Array | undefined)[]
  #standing: Standing

  constructor(network: Network, guests: Guests, generation = 1, kit?: Kit) {
    this.network = network
    this.guests = guests
    this.generation = generation
    this.#kit = kit
    this.#standing = kit?.standing ?? START
    this.#taken = []
    const roles = Array.from({ length: guests.stages }, (_, stage) => roleOf(stage))
    const { dropped } = this
    this.conductor = new ConductorEnd(
      network.wire('conductor'),
      { run: RUN, generation, roles, first: kit?.first ?? 1 },
      { dropped, onTrail: ({ quantum, digest }) => this.trail.push(`${quantum} ${digest}`) },
    )
  }

  get number(): number {
    return this.conductor.number
  }

  async open(): Promise<this> {
    await this.conductor.open()
    for (let id = 0; id < this.guests.stages; id++) await this.#open(id)
    return this
  }

  /** Grants quantum after quantum, at most `grants` of them; gives false when the run has come to its end before. */
  async play(grants = Infinity): Promise<boolean> {
    for (let i = 0; i < grants; i++) {
      const { quantum, events } = this.#standing
      if (quantum >= this.guests.until + 2) return false
      this.#standing = await step(this.conductor, this.guests, quantum, events)
    }
    return true
  }

  /** To the end, with the final grant. */
  async finish(): Promise<Outcome> {
    await this.play()
    return finale(this.conductor, this.guests, this.#standing.events)
  }

  /** Takes a set with the next grant before which nobody has stepped ahead. */
  async set(): Promise<Kit> {
    while (this.conductor.furthest >= this.#standing.quantum) await this.play(1)
    const standing = this.#standing
    const first = this.number + 1
    this.#taken = []
    this.conductor.takeSet('set')
    await this.play(1)
    return { standing, first, stages: this.#taken.map((bytes) => bytes!) }
  }

  /** All processes are killed. */
  async close(): Promise<void> {
    for (const end of this.ends) end.close()
    const closing = this.conductor.close()
    await closing
  }

  async #open(id: StageId): Promise<void> {
    const { guests, dropped, generation } = this
    const stage = stageOf(id, guests)
    const bytes = this.#kit?.stages[id]
    const kept = bytes && (deserialize(bytes) as Kept)
    if (kept) stage.restore(kept.state)
    const options = {
      dropped,
      onSet: (_: string, inbox: readonly Bag[]) => {
        this.#taken[id] = packSnapshot({ state: stage.snapshot(), inbox } satisfies Kept)
      },
    }
    if (id === 0) return this.conductor.join(0, stage, { ...options, ...(kept && { inbox: kept.inbox }) })
    const roles = Array.from({ length: guests.stages }, (_, at) => roleOf(at))
    const spec = { run: RUN, generation, stage: id, roles, first: this.#kit?.first ?? 1, ...(kept && { inbox: kept.inbox }) }
    const end = new StageEnd(this.network.wire(nameOf(id)), spec, stage, options)
    await end.open()
    this.ends.push(end)
  }
}

export function nameOf(stage: StageId): string {
  return stage === 0 ? 'conductor' : `stage-${stage}`
}

function roleOf(stage: StageId): string {
  return stage === 0 ? 'conductor' : ['host', 'device', 'promoter'][stage % 3]!
}

export async function onMemory(guests: Guests): Promise<Outcome> {
  const bus = new MemoryBus()
  for (let id = 0; id < guests.stages; id++) await bus.join(id, stageOf(id, guests))
  let standing = START
  while (standing.quantum < guests.until + 2) standing = await step(bus, guests, standing.quantum, standing.events)
  return finale(bus, guests, standing.events)
}

function stageOf(id: StageId, { actors, stages, until, apart }: Guests): Stage {
  const mine = Array.from({ length: actors }, (_, ordinal) => ordinal).filter((ordinal) => ordinal % stages === id)
  const company = id === 0 ? [] : [0, ...mine, ...mine, ...mine]
  return new Stage(
    id,
    mine.map((ordinal) => new Gossip(ordinal, apart === undefined ? actors : company, until)),
    (ordinal) => ordinal % stages,
  )
}

async function step(bus: Bus, { apart, until: end }: Guests, quantum: Quantum, before: readonly string[]): Promise<Standing> {
  const every = apart ?? 5
  const until = apart === undefined ? {} : { until: Math.min((Math.floor(quantum / every) + 1) * every, end + 2) }
  const reports = await bus.grant({ quantum, observe: quantum % every === 0, final: false, ...until })
  const events = [...before, ...reports.flatMap((report) => report.events.map((event) => JSON.stringify(event)))]
  const wakes = reports.map(({ nextWake }) => nextWake)
  const quiet = reports.every(({ mails }) => mails === 0)
  return { quantum: quiet ? Math.max(quantum + 1, Math.min(...wakes)) : quantum + 1, events }
}

async function finale(bus: Bus, { until }: Guests, events: readonly string[]): Promise<Outcome> {
  const final = await bus.grant({ quantum: until + 2, observe: true, final: true })
  const digests = final.flatMap((report) => report.digests ?? []).toSorted((x, y) => x.ordinal - y.ordinal)
  return { digests, events: events.toSorted() }
}

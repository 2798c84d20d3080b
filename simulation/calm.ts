/**
 * Events that go to and fro: a host that hovers about its share is pressed in one quantum and eased in the next. Of such a pair one a
 * virtual second is told for each host of a device, and what is up for longer than that; the next one says how many were not
 * told, and for how long they were up in all.
 */
import type { ActorEvent } from '#shared/actor.ts'
import type { Report } from '#shared/bus/bus.ts'
import { NS_PER_S, type Quantum } from '#shared/time.ts'

/** What raises something, by what lowers it. */
const RAISES: Readonly<Record<string, string>> = { 'share-eased': 'share-pressed', 'share-resumed': 'share-paused' }
const RAISING = new Set(Object.values(RAISES))

interface Pair {
  /** When a raise was told last, and whether what lowers it is to be told too. */
  toldAt: Quantum
  open: boolean
  /** The raise that is up and was not told. */
  held: ActorEvent | undefined
  untold: number
  untoldQuanta: number
}

/** Plain data. */
export type CalmSnapshot = readonly (readonly [key: string, pair: Pair])[]

export class Calm {
  readonly #secondQuanta: Quantum
  readonly #pairs = new Map<string, Pair>()

  constructor(quantumNs: number) {
    this.#secondQuanta = NS_PER_S / quantumNs
  }

  /** The reports of a quantum as they are told on. What was held back and is due stands in front. */
  of(quantum: Quantum, reports: readonly Report[]): readonly Report[] {
    const due = this.#pairs.size === 0 ? [] : this.#due(quantum)
    if (due.length === 0 && !reports.some(({ events }) => events.some(({ code }) => isPaired(code)))) return reports
    return reports.map((report, i) => {
      const events = report.events.flatMap((event) => this.#told(event))
      return { ...report, events: i === 0 ? [...due, ...events] : events }
    })
  }

  snapshot(): CalmSnapshot {
    return structuredClone([...this.#pairs])
  }

  restore(from: CalmSnapshot): void {
    this.#pairs.clear()
    for (const [key, pair] of structuredClone(from)) this.#pairs.set(key, pair)
  }

  #due(quantum: Quantum): ActorEvent[] {
    return Array.from(this.#pairs.values()).flatMap((pair) =>
      pair.held !== undefined && this.#isTime(pair, quantum) ? [this.#raise(pair, { ...pair.held, quantum })] : [],
    )
  }

  #told(event: ActorEvent): ActorEvent[] {
    const { code, quantum } = event
    if (!isPaired(code)) return [event]
    const pair = this.#pairOf(event)
    if (RAISING.has(code)) {
      if (this.#isTime(pair, quantum)) return [this.#raise(pair, event)]
      pair.held = event
      return []
    }
    if (pair.held !== undefined) {
      pair.untold++
      pair.untoldQuanta += quantum - pair.held.quantum
      pair.held = undefined
      return []
    }
    pair.open = false
    return [event]
  }

  #raise(pair: Pair, event: ActorEvent): ActorEvent {
    const { untold, untoldQuanta } = pair
    Object.assign(pair, { toldAt: event.quantum, open: true, held: undefined, untold: 0, untoldQuanta: 0 })
    if (untold === 0) return event
    return { ...event, fields: { ...event.fields, untold, untoldSeconds: untoldQuanta / this.#secondQuanta } }
  }

  #isTime({ toldAt, open }: Pair, quantum: Quantum): boolean {
    return !open && quantum - toldAt >= this.#secondQuanta
  }

  #pairOf({ actor, code, fields }: ActorEvent): Pair {
    const key = `${actor} ${fields['host']} ${RAISES[code] ?? code}`
    let pair = this.#pairs.get(key)
    if (pair === undefined) {
      pair = { toldAt: -Infinity, open: false, held: undefined, untold: 0, untoldQuanta: 0 }
      this.#pairs.set(key, pair)
    }
    return pair
  }
}

function isPaired(code: string): boolean {
  return code in RAISES || RAISING.has(code)
}

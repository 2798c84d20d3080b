/** Reads a trace as a viewer does, and is stricter: whatever a viewer would drop, guess or mend is an error here. */

export interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly cat: string
  readonly args: Readonly<Record<string, unknown>>
  readonly dur?: number
  readonly id?: unknown
  readonly s?: string
  readonly bp?: string
}

export interface Trace {
  readonly about: Readonly<Record<string, unknown>>
  readonly events: readonly TraceEvent[]
  /** Names of processes, by pid. */
  readonly names: ReadonlyMap<number, string>
  of(phase: string, category?: string): TraceEvent[]
}

/** Throws if an event is not what its phase demands. */
export function readTrace(text: string): Trace {
  const { traceEvents, displayTimeUnit, otherData } = JSON.parse(text) as Record<string, unknown>
  must(displayTimeUnit === 'ns', 'displayTimeUnit is ns')
  const events = traceEvents as TraceEvent[]
  const names = new Map<number, string>()
  for (const event of events) {
    must(typeof event.name === 'string' && event.name !== '', 'an event has a name', event)
    must(event.ph.length === 1 && 'MXbeiCsf'.includes(event.ph), 'a known phase', event)
    must(Number.isInteger(event.pid) && event.pid > 0 && event.tid === event.pid, 'a process with one thread', event)
    must(event.ph === 'M' || (Number.isFinite(event.ts) && event.ts >= 0), 'a time', event)
    must('MC'.includes(event.ph) || typeof event.cat === 'string', 'a category', event)
    must(event.ph !== 'i' || event.s === 't', 'an instant is on its thread', event)
    if (event.ph === 'M' && event.name === 'process_name') names.set(event.pid, event.args['name'] as string)
  }
  for (const event of events) must(names.has(event.pid), 'its process has a name', event)
  const of = (phase: string, category?: string): TraceEvent[] =>
    events.filter(({ ph, cat }) => ph === phase && (category === undefined || cat === category))
  const steps = checkSlices(of('X'))
  checkSpans(events)
  checkCounters(of('C'))
  checkArrows(of('s'), of('f'), steps)
  return { about: otherData as Trace['about'], events, names, of }
}

/** On a thread they come in order, and none begins before the one before has ended. */
function checkSlices(slices: readonly TraceEvent[]): Map<number, TraceEvent[]> {
  const threads = new Map<number, TraceEvent[]>()
  for (const slice of slices) {
    must(slice.dur! > 0, 'a slice lasts', slice)
    const thread = threads.get(slice.tid) ?? []
    const before = thread.at(-1)
    must(before === undefined || before.ts + before.dur! <= slice.ts, 'slices do not overlap', slice)
    thread.push(slice)
    threads.set(slice.tid, thread)
  }
  return threads
}

/** Each begins once, then ends, under the same name. */
function checkSpans(events: readonly TraceEvent[]): void {
  const open = new Map<string, TraceEvent>()
  const seen = new Set<string>()
  for (const event of events) {
    if (event.ph !== 'b' && event.ph !== 'e') continue
    must(typeof event.id === 'string', 'a span has an id', event)
    const key = `${event.pid} ${event.cat} ${event.id} ${event.name}`
    if (event.ph === 'b') {
      must(!seen.has(key), 'a span begins once', event)
      seen.add(key)
      open.set(key, event)
    } else {
      const begin = open.get(key)
      must(begin !== undefined && begin.ts < event.ts, 'a span ends after it began', event)
      open.delete(key)
    }
  }
  must(open.size === 0, 'every span ends', [...open.values()][0])
}

function checkCounters(counters: readonly TraceEvent[]): void {
  const last = new Map<string, number>()
  for (const counter of counters) {
    const values = Object.values(counter.args)
    must(values.length === 1 && Number.isFinite(values[0]), 'a counter has a value', counter)
    const key = `${counter.pid} ${counter.name}`
    must((last.get(key) ?? -1) < counter.ts, 'a counter goes on in time', counter)
    last.set(key, counter.ts)
  }
}

/** Each has two ends, in this order, each strictly inside a slice of its thread. */
function checkArrows(
  departures: readonly TraceEvent[],
  arrivals: readonly TraceEvent[],
  threads: ReadonlyMap<number, readonly TraceEvent[]>,
): void {
  const inside = ({ tid, ts }: TraceEvent): boolean => {
    const thread = threads.get(tid) ?? []
    const slice = thread[thread.findLastIndex((one) => one.ts < ts)]
    return slice !== undefined && ts < slice.ts + slice.dur!
  }
  const ends = new Map(arrivals.map((event) => [event.id, event]))
  must(ends.size === arrivals.length && arrivals.length === departures.length, 'as many arrows arrive as depart')
  must(new Set(departures.map(({ id }) => id)).size === departures.length, 'an arrow has an id of its own')
  for (const departure of departures) {
    const arrival = ends.get(departure.id)
    must(arrival !== undefined && arrival.name === departure.name, 'an arrow arrives under its name', departure)
    must(arrival.bp === 'e' && departure.ts < arrival.ts, 'it arrives later, in the slice around it', arrival)
    must(inside(departure) && inside(arrival), 'both ends are in slices', departure)
  }
}

function must(condition: boolean, what: string, event?: TraceEvent): asserts condition {
  if (!condition) throw new Error(`${what}: ${JSON.stringify(event)}`)
}

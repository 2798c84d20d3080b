/** The grant loop: the least of all wakes, stamped commands and pending mail is the next quantum; what lies between is skipped. */
import { AHEAD_MAX, type Bus, nextAfter, type Report } from '#shared/bus/bus.ts'
import { Script } from '#shared/command.ts'
import type { Quantum } from '#shared/time.ts'
import { Attention } from './attention.ts'

/** Where the loop stands before a grant: all that it needs to go on from there. */
export interface GrantState {
  /** The next quantum to grant. */
  readonly quantum: Quantum
  /** The last one granted; −1 before the first. */
  readonly last: Quantum
  readonly nextSample: Quantum
  /** Granted so far, not skipped. */
  readonly quanta: number
}

export const FIRST_GRANT: GrantState = { quantum: 0, last: -1, nextSample: 0, quanta: 0 }

export interface GrantOptions {
  /** Where to begin; default: at the start of the run. */
  readonly from?: GrantState
  /** The run covers quanta 0 … end − 1. */
  readonly end: Quantum
  /** Telemetry is taken every so many quanta. */
  readonly sampleEvery: Quantum
  /**
   * For who watches live: telemetry also with the first granted quantum in each span of so many quanta, or the next before which nobody
   * has stepped ahead. It is a look at a quantum that is granted anyway, so it wakes nobody; default: none.
   */
  readonly lookEvery?: Quantum
  /** For who watches live: what mail was delivered around events is reported too (attention.ts), this many quanta being a second. */
  readonly attentive?: Quantum
  /**
   * Asked before every grant: whether stages may step ahead, for no other writes to them and the run cannot end before its time. A
   * command that comes then must be stamped beyond the one that is furthest.
   */
  readonly mayStepAhead?: () => boolean
  /** Commands by quantum. It may grow while `proceed` is asked, by commands stamped later than the last granted quantum. */
  readonly script?: Script
  /** Hears every report, and whether it is a sample and no mere look. May return false to end the run after this quantum. */
  readonly onReports: (quantum: Quantum, reports: readonly Report[], sample: boolean) => boolean
  /** Asked before every grant; lets a process breathe, and a person watch. Returns false to interrupt. */
  readonly proceed: (state: GrantState) => Promise<boolean> | boolean
}

export interface GrantOutcome {
  /** The quantum at which the run ended. */
  readonly ended: Quantum
  /** Granted, not skipped. */
  readonly quanta: number
  readonly interrupted: boolean
  readonly final: readonly Report[]
}

export async function conduct(bus: Bus, options: GrantOptions): Promise<GrantOutcome> {
  const script = options.script ?? new Script()
  let { quantum, last, nextSample, quanta } = options.from ?? FIRST_GRANT
  const attention = options.attentive === undefined ? undefined : new Attention(options.attentive, options.from?.last)
  let stopping = false
  let interrupted = false
  /** Some may have stepped ahead to here: until then the run goes on. */
  let until = quantum
  let looked = last
  while (quantum < options.end) {
    if (!stopping) {
      const go = options.proceed({ quantum, last, nextSample, quanta })
      stopping = !(typeof go === 'boolean' ? go : await go)
    }
    if (stopping && quantum >= until) {
      interrupted = true
      break
    }
    quantum = Math.min(quantum, script.nextFrom(last + 1))
    const sample = quantum >= nextSample
    const observe = sample || (quantum >= until && isLook(quantum, looked, options.lookEvery))
    if (observe) looked = quantum
    if (sample) nextSample = (Math.floor(quantum / options.sampleEvery) + 1) * options.sampleEvery
    const commands = script.at(quantum)
    // What takes effect now may make one stage write to another.
    const ahead = commands.length === 0 && options.mayStepAhead?.() === true
    if (ahead && quantum >= until) until = Math.min(nextSample, script.nextFrom(quantum + 1), options.end, quantum + AHEAD_MAX)
    const reports = await bus.grant({
      quantum,
      observe,
      final: false,
      ...(commands.length > 0 && { commands }),
      ...(ahead && { until }),
      ...attention?.asks(quantum),
    })
    attention?.notice(quantum, reports)
    last = quantum
    quanta++
    const goOn = options.onReports(quantum, reports, sample)
    const next = goOn ? Math.min(earliest(quantum, reports), nextSample) : quantum + 1
    quantum = Math.min(next, options.end)
    if (!goOn) break
  }
  const final = await bus.grant({ quantum, observe: true, final: true, ...attention?.asks(quantum) })
  return { ended: quantum, quanta, interrupted, final }
}

/** Decided by quanta alone, so that a run that repeats itself looks at much the same ones. */
function isLook(quantum: Quantum, looked: Quantum, every = Infinity): boolean {
  return Math.floor(quantum / every) > Math.floor(looked / every)
}

function earliest(quantum: Quantum, reports: readonly Report[]): Quantum {
  let least = Infinity
  for (const report of reports) least = Math.min(least, nextAfter(quantum, report))
  return least
}

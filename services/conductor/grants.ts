/** The grant loop: the least of all wakes and pending mail is the next quantum; what lies between is skipped. */
import type { Bus, Report } from '#shared/bus/bus.ts'
import type { Quantum } from '#shared/time.ts'

export interface GrantOptions {
  /** The run covers quanta 0 … end − 1. */
  readonly end: Quantum
  /** Telemetry is taken every so many quanta. */
  readonly sampleEvery: Quantum
  /** Hears every report. May return false to end the run after this quantum. */
  readonly onReports: (quantum: Quantum, reports: readonly Report[]) => boolean
  /** Asked before every grant; lets a process breathe. Returns false to interrupt. */
  readonly proceed: () => Promise<boolean> | boolean
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
  let quantum: Quantum = 0
  let nextSample: Quantum = 0
  let quanta = 0
  let interrupted = false
  while (quantum < options.end) {
    const go = options.proceed()
    if (!(typeof go === 'boolean' ? go : await go)) {
      interrupted = true
      break
    }
    const observe = quantum >= nextSample
    if (observe) nextSample = (Math.floor(quantum / options.sampleEvery) + 1) * options.sampleEvery
    const reports = await bus.grant({ quantum, observe, final: false })
    quanta++
    const goOn = options.onReports(quantum, reports)
    const next = goOn ? Math.min(earliest(quantum, reports), nextSample) : quantum + 1
    quantum = Math.min(next, options.end)
    if (!goOn) break
  }
  const final = await bus.grant({ quantum, observe: true, final: true })
  return { ended: quantum, quanta, interrupted, final }
}

function earliest(quantum: Quantum, reports: readonly Report[]): Quantum {
  let least = Infinity
  for (const report of reports) {
    if (report.mails > 0) return quantum + 1
    if (report.nextWake < least) least = report.nextWake
  }
  return Math.max(least, quantum + 1)
}

/** Who said what to whom around an event, as rows to be drawn or read: the actors that took part, and the mail by quantum. */
import type { Heard, HeardLine } from '#shared/observe/broadcast.ts'
import type { Mark } from '#simulation/dashboard/marks.ts'

export interface Group {
  readonly quantum: number
  /** Quanta after the event; negative: before it. */
  readonly away: number
  readonly lines: readonly HeardLine[]
  readonly marks: readonly Mark[]
  /** Lines that are not shown. */
  readonly more: number
}

export interface Sequence {
  /** In the scenario's order. */
  readonly actors: readonly string[]
  readonly groups: readonly Group[]
}

/** More rows would be a drawing that nobody reads to its end. */
const ROWS_MAX = 300

/**
 * `order`: all actors, as the scenario has them. `only`: nothing but what these actors say or hear. `marks`: of the run; those
 * of the quanta that are shown are taken.
 */
export function sequenceOf(
  mark: Mark,
  heard: readonly Heard[],
  marks: readonly Mark[],
  order: readonly string[],
  only?: ReadonlySet<string>,
): Sequence {
  let room = ROWS_MAX
  const groups = heard.map(({ quantum, lines, more }): Group => {
    const wanted = only ? lines.filter(({ from, to }) => only.has(from) || only.has(to)) : lines
    const shown = wanted.slice(0, room)
    room -= shown.length
    const happened = marks.filter((each) => each.quantum === quantum && (!only || only.has(each.actor)))
    return { quantum, away: quantum - mark.quantum, lines: shown, marks: happened, more: more + wanted.length - shown.length }
  })
  const part = new Set([mark.actor])
  for (const { lines, marks: happened } of groups) {
    for (const { from, to } of lines) part.add(from).add(to)
    for (const { actor } of happened) part.add(actor)
  }
  const place = new Map(order.map((actor, i) => [actor, i]))
  const actors = [...part].toSorted((x, y) => (place.get(x) ?? Infinity) - (place.get(y) ?? Infinity))
  return { actors, groups }
}

/** `demote ×3, 96 pages`. */
export function lineWords({ kind, mails, pages }: HeardLine): string {
  const what = kind === 'hotlist' ? 'unit' : 'page'
  const many = mails > 1 ? ` ×${mails}` : ''
  return pages > 0 ? `${kind}${many}, ${pages.toLocaleString('en')} ${what}${pages === 1 ? '' : 's'}` : `${kind}${many}`
}

const AWAY: Readonly<Record<number, string>> = {
  [-1]: 'heard in the quantum before',
  0: 'heard when it happened',
  1: 'said when it happened, heard in the next quantum',
}

export function groupWords({ quantum, away }: Pick<Group, 'quantum' | 'away'>): string {
  const where = AWAY[away] ?? (away < 0 ? `heard ${-away} quanta before` : `heard ${away} quanta later`)
  return `quantum ${quantum.toLocaleString('en')}, ${where}`
}

/** How loud a kind of mail is: what troubles the receiver, and what hurts it. */
export function toneOf({ kind }: HeardLine): 'plain' | 'warn' | 'alarm' {
  if (kind === 'poisoned' || kind === 'killed') return 'alarm'
  return kind === 'refused' || kind === 'pressure' || kind === 'pause' ? 'warn' : 'plain'
}

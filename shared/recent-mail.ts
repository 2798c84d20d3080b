/**
 * What a stage remembers of the mail that it has delivered, for who asks what was said around an event: of the last few quanta,
 * who said what to whom. Bags are kept as they came, which costs nothing; they are counted only when somebody asks. It is no
 * part of a snapshot: nothing follows from it.
 */
import type { Ordinal } from './actor.ts'
import { AHEAD_MAX, type Bag } from './bus/bus.ts'
import type { Kind, Mail } from './messages.ts'
import type { Quantum } from './time.ts'

/** All mail of one kind from one actor to another in one quantum. */
export interface MailLine {
  readonly from: Ordinal
  readonly to: Ordinal
  readonly kind: Kind
  readonly mails: number
  /** That they speak of; units of a hotness report. */
  readonly pages: number
}

/** What was delivered in a quantum, in the order of delivery: by receiver, then sender, then as it was sent. */
export interface HeardMail {
  readonly quantum: Quantum
  readonly lines: readonly MailLine[]
  /** Lines beyond the most that are told. */
  readonly more: number
}

/** Told of an event in quantum k: mail delivered in k − BEFORE … k + AFTER. A device's answer to what k said comes in k + 2. */
export const QUANTA_BEFORE = 2
export const QUANTA_AFTER = 2

/** So many quanta are kept: an event is known a grant later, and the quantum under way lies in it too. */
const KEPT = QUANTA_BEFORE + 2
/** Where stages step ahead, it is known only when all have come to a grant. For others so much would outlive many collections of garbage. */
export const KEPT_AHEAD = KEPT + AHEAD_MAX
/** Of a quantum: 64 hosts with 8 devices, each with a few kinds. */
export const LINES_MAX = 2048

export class RecentMail {
  /** For so many steps the more is kept. */
  #roomy = 0
  #heard: { readonly quantum: Quantum; readonly bags: readonly Bag[] }[] = []

  hear(quantum: Quantum, bags: readonly Bag[], isAhead = false): void {
    // As many steps later all have come to a grant, whoever waits for whom.
    this.#roomy = isAhead ? AHEAD_MAX : this.#roomy - 1
    this.#heard.push({ quantum, bags })
    const kept = this.#roomy > 0 ? KEPT_AHEAD : KEPT
    while (this.#heard.length > kept) this.#heard.shift()
  }

  /** What was delivered in these quanta, both included, from old to new, once. */
  tell(from: Quantum, to: Quantum = Infinity): HeardMail[] {
    const told = this.#heard.filter(({ quantum }) => quantum >= from && quantum <= to)
    this.#heard = this.#heard.filter(({ quantum }) => quantum > to)
    return told.map(({ quantum, bags }) => counted(quantum, bags))
  }

  forget(): void {
    this.#heard = []
  }
}

/** Each bag is ordered by (sender, sequence), and a sender lives on one stage. */
function counted(quantum: Quantum, bags: readonly Bag[]): HeardMail {
  const lines = new Map<string, { -readonly [F in keyof MailLine]: MailLine[F] }>()
  for (const { mails } of bags) {
    for (const mail of mails) {
      const { from, to, kind } = mail
      const key = `${from} ${to} ${kind}`
      let line = lines.get(key)
      if (line === undefined) lines.set(key, (line = { from, to, kind, mails: 0, pages: 0 }))
      line.mails++
      line.pages += pagesOf(mail)
    }
  }
  return cut(
    quantum,
    [...lines.values()].toSorted((x, y) => x.to - y.to || x.from - y.from),
  )
}

function cut(quantum: Quantum, lines: readonly MailLine[], before = 0): HeardMail {
  return { quantum, lines: lines.slice(0, LINES_MAX), more: before + Math.max(0, lines.length - LINES_MAX) }
}

/** What several stages have heard, as one: by quantum, in the order of delivery. A line that names nobody is left out. */
export function mergedMail(told: readonly HeardMail[], actors: number): HeardMail[] {
  const byQuantum = new Map<Quantum, HeardMail[]>()
  for (const heard of told) byQuantum.set(heard.quantum, [...(byQuantum.get(heard.quantum) ?? []), heard])
  return [...byQuantum]
    .toSorted(([x], [y]) => x - y)
    .map(([quantum, parts]) => {
      const lines = parts.flatMap((part) => part.lines).filter(({ from, to }) => from < actors && to < actors)
      const more = parts.reduce((sum, part) => sum + part.more, 0)
      return cut(
        quantum,
        lines.toSorted((x, y) => x.to - y.to || x.from - y.from),
        more,
      )
    })
}

/** Fields that list pages; of a hotness report, units of them. */
const PAGE_LISTS: ReadonlySet<string> = new Set(['pages', 'units', 'home', 'declined', 'gone'])

function pagesOf({ body }: Mail): number {
  let pages = 0
  for (const [name, value] of Object.entries(body)) {
    if (PAGE_LISTS.has(name) && typeof value === 'object') pages += value.length
  }
  return pages
}

/**
 * Batches of pages as slices: a demotion at its host, from the question until the answer is heard; a promotion at its promoter,
 * from the order until it hears what came of it. Several are under way at once, so they may overlap.
 */
import type { ActorId, Ordinal } from '#shared/actor.ts'
import { assert } from '#shared/errors.ts'
import type { Mail } from '#shared/messages.ts'
import type { Args, Span, TraceFile } from './trace-file.ts'

interface Demotion extends Span {
  admitted: number
  refused: number
}

export class Batches {
  readonly #file: TraceFile
  readonly #nameOf: (ordinal: Ordinal) => ActorId
  /** By id. */
  readonly #demotions = new Map<string, Demotion>()
  /** Of each promoter, oldest first: a host settles orders in the order in which they came. */
  readonly #promotions = new Map<Ordinal, Span[]>()
  #promotionsBegun = 0

  constructor(file: TraceFile, nameOf: (ordinal: Ordinal) => ActorId) {
    this.#file = file
    this.#nameOf = nameOf
  }

  /** All mail that was heard in one quantum: a batch is answered in one, perhaps by two mails. */
  heard(mails: readonly Mail[], sentNs: number, heardNs: number): void {
    const answered = new Set<Demotion>()
    for (const mail of mails) {
      if (mail.kind === 'demote') {
        const id = demotionId(mail.from, mail.body.batch)
        const name = `demote to ${this.#nameOf(mail.to)}`
        const demotion = { actor: mail.from, category: 'demotion', id, name, admitted: 0, refused: 0 }
        this.#demotions.set(id, demotion)
        this.#file.begin(demotion, sentNs, { batch: mail.body.batch, pages: mail.body.pages.length })
      } else if (mail.kind === 'admitted' || mail.kind === 'refused') {
        const demotion = this.#demotions.get(demotionId(mail.to, mail.body.batch))
        assert(demotion !== undefined, `batch ${mail.body.batch} of actor ${mail.to} was asked for before it is answered`)
        demotion[mail.kind] += mail.body.pages.length
        answered.add(demotion)
      } else if (mail.kind === 'promote') {
        this.#order(mail.from, mail.body.pages.length, sentNs)
      } else if (mail.kind === 'promoted') {
        const { home, declined, gone } = mail.body
        const order = this.#promotions.get(mail.to)?.shift()
        assert(order !== undefined, `actor ${mail.to} ordered what was promoted`)
        this.#file.end(order, heardNs, { home: home.length, declined: declined.length, gone: gone.length })
      }
    }
    for (const demotion of answered) {
      const { id, admitted, refused } = demotion
      this.#demotions.delete(id)
      this.#file.end(demotion, heardNs, { admitted, refused })
    }
  }

  /** The run is over; what is still under way will not be answered. */
  close(atNs: number): void {
    const open: Span[] = [...this.#demotions.values(), ...[...this.#promotions.values()].flat()]
    const args: Args = { unanswered: 'the run ended' }
    for (const span of open) this.#file.end(span, atNs, args)
    this.#demotions.clear()
    this.#promotions.clear()
  }

  #order(promoter: Ordinal, pages: number, sentNs: number): void {
    const order: Span = {
      actor: promoter,
      category: 'promotion',
      id: String(this.#promotionsBegun++),
      name: 'promote',
    }
    const underWay = this.#promotions.get(promoter)
    if (underWay) underWay.push(order)
    else this.#promotions.set(promoter, [order])
    this.#file.begin(order, sentNs, { pages })
  }
}

function demotionId(host: Ordinal, batch: number): string {
  return `${host}.${batch}`
}

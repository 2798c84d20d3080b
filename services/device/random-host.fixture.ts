import type { Recorder } from '#shared/recorder.fixture.ts'
import type { Mail } from '#shared/messages.ts'
import { fork, Stream } from '#shared/random.ts'
import { accesses, demote, landed, mail, poll, released, traffic } from './device.fixture.ts'

const PAGES = 90

/** A host that keeps to the protocol and is otherwise random. It knows where each of its pages is: the truth to compare with. */
export class RandomHost {
  readonly ordinal: number
  readonly pooled = new Set<number>()
  private readonly asked = new Set<number>()
  private readonly stream: Stream
  /** Share of its pages at home that it allocates on the device instead, without a question, at every turn. */
  private readonly leaks: number

  constructor(ordinal: number, seed: number, leaks = 0) {
    this.ordinal = ordinal
    this.leaks = leaks
    this.stream = new Stream(fork(seed, `host-${ordinal}`))
  }

  /** What it says in answer to the device's mail, and of its own accord. */
  say(answers: Recorder['sent']): Mail[] {
    const { ordinal, pooled, asked, stream } = this
    const said: Mail[] = []
    for (const { kind, body } of answers) {
      if (kind !== 'admitted' && kind !== 'refused') continue
      const decided = [...(body.pages as Uint32Array)]
      for (const page of decided) asked.delete(page)
      if (kind === 'refused') continue
      for (const page of decided) pooled.add(page)
      said.push(this.write(decided))
    }
    const home = Array.from({ length: PAGES }, (_, page) => page).filter((page) => !pooled.has(page) && !asked.has(page))
    // Not at every turn, so that time passes between questions and flushes and epochs come by.
    const share = stream.unit() < 0.3 ? 0.4 : 0
    const batch = home.filter(() => stream.unit() < share)
    if (batch.length > 0) said.push(demote(ordinal, batch, stream.below(4097)))
    for (const page of batch) asked.add(page)
    const leaks = this.leaks === 0 ? [] : home.filter((page) => !asked.has(page) && stream.unit() < this.leaks)
    if (leaks.length > 0) said.push(landed(ordinal, leaks, stream.below(4097)))
    for (const page of leaks) pooled.add(page)
    const rewritten = [...pooled].filter(() => stream.unit() < 0.1)
    if (rewritten.length > 0) said.push(this.write(rewritten))
    const freed = [...pooled].filter(() => stream.unit() < 0.08)
    if (freed.length > 0) said.push(released(ordinal, freed))
    for (const page of freed) pooled.delete(page)
    if (stream.unit() < 0.4) said.push(accesses(ordinal, [...pooled], stream.below(30)))
    if (stream.unit() < 0.3)
      said.push(
        traffic(ordinal, { readBytes: stream.below(3e8), compressedReads: stream.below(1e5), recompressions: stream.below(2e4) }),
      )
    if (stream.unit() < 0.2) said.push(poll(ordinal))
    return said
  }

  private write(list: readonly number[]): Mail {
    const sizes = Uint16Array.from(list, () => (this.stream.unit() < 0.2 ? 0 : this.stream.below(4097)))
    return mail(this.ordinal, 'written', { pages: Uint32Array.from(list), sizes })
  }
}

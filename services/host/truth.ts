/**
 * What the promoter cannot know and the simulator does: which pooled pages are truly hot. An episode begins when a hot
 * page is on the device, and ends when it leaves or cools. Coverage is the share of episodes that a promotion ended,
 * accuracy the share of ordered pages that were hot, lateness the mean time from an episode's begin to its promotion.
 *
 * Lateness is measured on a fixed sixteenth of all pages (every sixteenth by number), to keep no time stamp per page.
 */
const SAMPLE_SHIFT = 4
const SAMPLE_MASK = (1 << SAMPLE_SHIFT) - 1

const FIRST_CAPACITY = 64

export class Truth {
  episodes = 0
  promotedHot = 0
  ordered = 0
  orderedHot = 0
  #latenessSumNs = 0
  #latenessCount = 0
  /** Of each page of the sample the quantum after the one in which its episode began; 0 while it has none. */
  #since = new Uint32Array(FIRST_CAPACITY)
  readonly #quantumNs: number

  constructor(quantumNs: number) {
    this.#quantumNs = quantumNs
  }

  begin(page: number, nowNs: number): void {
    this.episodes++
    if ((page & SAMPLE_MASK) !== 0) return
    const at = page >>> SAMPLE_SHIFT
    if (at >= this.#since.length) this.#grow(at + 1)
    this.#since[at] = nowNs / this.#quantumNs + 1
  }

  /** A promotion of a pooled page was ordered. */
  order(hot: boolean): void {
    this.ordered++
    if (hot) this.orderedHot++
  }

  promote(page: number, nowNs: number): void {
    this.promotedHot++
    if ((page & SAMPLE_MASK) !== 0) return
    const since = this.#since[page >>> SAMPLE_SHIFT] ?? 0
    if (since === 0) return
    this.#latenessSumNs += nowNs - (since - 1) * this.#quantumNs
    this.#latenessCount++
    this.end(page)
  }

  /** The episode ended otherwise: cooled, swapped or freed. */
  end(page: number): void {
    if ((page & SAMPLE_MASK) === 0 && page >>> SAMPLE_SHIFT < this.#since.length) this.#since[page >>> SAMPLE_SHIFT] = 0
  }

  get coverage(): number {
    return this.episodes === 0 ? 0 : this.promotedHot / this.episodes
  }

  get accuracy(): number {
    return this.ordered === 0 ? 0 : this.orderedHot / this.ordered
  }

  get latenessMs(): number {
    return this.#latenessCount === 0 ? 0 : this.#latenessSumNs / this.#latenessCount / 1e6
  }

  snapshot(): Record<string, unknown> {
    return {
      episodes: this.episodes,
      promotedHot: this.promotedHot,
      ordered: this.ordered,
      orderedHot: this.orderedHot,
      latenessSumNs: this.#latenessSumNs,
      latenessCount: this.#latenessCount,
      since: this.#since.slice(),
    }
  }

  restore(from: Record<string, unknown>): void {
    this.episodes = from['episodes'] as number
    this.promotedHot = from['promotedHot'] as number
    this.ordered = from['ordered'] as number
    this.orderedHot = from['orderedHot'] as number
    this.#latenessSumNs = from['latenessSumNs'] as number
    this.#latenessCount = from['latenessCount'] as number
    this.#since = (from['since'] as Uint32Array<ArrayBuffer>).slice()
  }

  #grow(capacity: number): void {
    const grown = new Uint32Array(Math.max(capacity, this.#since.length * 2))
    grown.set(this.#since)
    this.#since = grown
  }
}

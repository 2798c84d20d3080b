/**
 * What the promoter cannot know and the simulator does: which pooled pages are truly hot. An episode begins when a hot
 * page is on the device, and ends when it leaves or cools. Coverage is the share of episodes that a promotion ended,
 * accuracy the share of ordered pages that were hot, lateness the mean time from an episode's begin to its promotion.
 *
 * Lateness is measured on a fixed sixteenth of all pages (every sixteenth by number), to keep no time stamp per page.
 */
const SAMPLE_MASK = 15

export class Truth {
  episodes = 0
  promotedHot = 0
  ordered = 0
  orderedHot = 0
  #latenessSumNs = 0
  #latenessCount = 0
  readonly #since = new Map<number, number>()

  begin(page: number, nowNs: number): void {
    this.episodes++
    if ((page & SAMPLE_MASK) === 0) this.#since.set(page, nowNs)
  }

  /** A promotion of a pooled page was ordered. */
  order(hot: boolean): void {
    this.ordered++
    if (hot) this.orderedHot++
  }

  promote(page: number, nowNs: number): void {
    this.promotedHot++
    const since = this.#since.get(page)
    if (since === undefined) return
    this.#latenessSumNs += nowNs - since
    this.#latenessCount++
    this.#since.delete(page)
  }

  /** The episode ended otherwise: cooled, swapped or freed. */
  end(page: number): void {
    if ((page & SAMPLE_MASK) === 0) this.#since.delete(page)
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
      since: new Map(this.#since),
    }
  }

  restore(from: Record<string, unknown>): void {
    this.episodes = from['episodes'] as number
    this.promotedHot = from['promotedHot'] as number
    this.ordered = from['ordered'] as number
    this.orderedHot = from['orderedHot'] as number
    this.#latenessSumNs = from['latenessSumNs'] as number
    this.#latenessCount = from['latenessCount'] as number
    this.#since.clear()
    for (const [page, since] of from['since'] as Map<number, number>) this.#since.set(page, since)
  }
}

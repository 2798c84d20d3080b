/**
 * What is remembered of a run, bounded: everything of late, less and less of what is long ago, and always the first and the
 * last. Server and page share it, so that a page that was open all the time shows what a page that is opened now does.
 */

/** Each level holds so many, at twice the spacing of the level before. */
const KEPT = 160
const LEVELS = 4

export const HISTORY_MAX = KEPT * LEVELS

export class History<T> {
  /** From the newest to the oldest; each from old to new. */
  #levels: T[][] = empty()

  add(item: T): void {
    let passed = [item]
    for (const [level, items] of this.#levels.entries()) {
      items.push(...passed)
      passed = []
      if (items.length <= KEPT) return
      if (level === LEVELS - 1) this.#levels[level] = items.filter((_, i) => i % 2 === 0)
      // Of the two oldest the older one goes on, so that the very first one stays.
      else passed = items.splice(0, 2).slice(0, 1)
    }
  }

  clear(): void {
    this.#levels = empty()
  }

  /** From old to new. */
  get items(): T[] {
    return this.#levels.toReversed().flat()
  }

  get last(): T | undefined {
    return this.#levels[0]!.at(-1)
  }
}

function empty<T>(): T[][] {
  return Array.from({ length: LEVELS }, () => [])
}

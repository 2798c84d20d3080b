/**
 * What decides which pages are worth bringing home. A strategy of your own is one file that implements this interface;
 * give it to the promoter's constructor instead of pghot. It must be deterministic: no clock, no order of insertion that
 * the mail does not define, and everything it remembers in its snapshot.
 */
import type { Snapshot } from '#shared/actor.ts'

export interface Strategy {
  /** Pages that `take` would hand out now. */
  readonly pending: number
  /** A source saw the page: `accesses` of them as far as the source can count (1 for a hint fault). */
  record(page: number, nowNs: number, accesses: number): void
  /** At most `max` pages to bring home, ascending. Their records are cleared. */
  take(max: number): Uint32Array
  /** The page is no longer in the pool. */
  forget(page: number): void
  snapshot(): Snapshot
  /** As snapshot(), but what is large may be lent: who asks reads it at once. */
  peek?(): Snapshot
  restore(from: Snapshot): void
}

/** Where a watcher hears of a run. */
import type { Listener } from '#shared/observe/broadcast.ts'

export interface Feed {
  /** Resolves when the listener is subscribed. */
  follow(listener: Listener): Promise<void>
  close(): Promise<void>
}

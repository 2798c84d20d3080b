/** What shows a picture: a screen, or plain lines. */
import type { ActorEvent } from '#shared/actor.ts'

export interface View {
  /** The picture has changed; these events are new in it. */
  update(events?: readonly ActorEvent[]): void
  /** Leaves everything as it was; may be called again. */
  end(): void
}

/** What the sentences of a story are made of. */
import type { ActorEvent } from '#shared/actor.ts'
import type { Chronicle } from './chronicle.ts'

export interface Line {
  readonly seconds: number
  readonly text: string
}

export function at(seconds: number): string {
  return `At ${span(seconds)}`
}

export function span(seconds: number): string {
  return seconds < 1 && seconds > 0 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`
}

export function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** How often and how long something was up, between events that raise it and events that lower it. */
export function pressedSpans(chronicle: Chronicle, events: readonly ActorEvent[], raises: string, lowers: string): string {
  let spans = 0
  let seconds = 0
  let since: number | undefined
  for (const event of events) {
    if (event.code === raises) {
      // With those that nobody was told of (calm.ts).
      spans += 1 + Number(event.fields['untold'] ?? 0)
      seconds += Number(event.fields['untoldSeconds'] ?? 0)
      since = chronicle.secondsOf(event)
    }
    if (event.code === lowers && since !== undefined) {
      seconds += chronicle.secondsOf(event) - since
      since = undefined
    }
  }
  const open = since === undefined ? '' : ' and still up at the end'
  if (since !== undefined) seconds += (chronicle.last?.seconds ?? since) - since
  return `${spans === 1 ? 'once' : `${spans} times`}, ${span(seconds)} in all${open}`
}

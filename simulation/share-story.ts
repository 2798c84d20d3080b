/** What a device's shares did to its hosts, in words: whom they pressed, whom they paused. */
import type { ActorEvent } from '#shared/actor.ts'
import { formatBytes } from '#shared/units.ts'
import type { Chronicle } from './chronicle.ts'
import { type Line, pressedSpans, span } from './story-line.ts'

/** `events` are those of one device. */
export function shareStory(chronicle: Chronicle, events: readonly ActorEvent[]): Line[] {
  const hosts = new Set(events.filter(({ code }) => code.startsWith('share-')).map(({ fields }) => fields['host']!))
  return [...hosts].flatMap((host) => {
    const mine = events.filter(({ fields }) => fields['host'] === host)
    return [
      ...told(chronicle, mine, 'share-pressed', 'share-eased', (device) => `${device} pressed ${host} for its share`),
      ...told(chronicle, mine, 'share-paused', 'share-resumed', (device) => `${device} paused the writers of ${host}`),
    ]
  })
}

function told(
  chronicle: Chronicle,
  events: readonly ActorEvent[],
  raises: string,
  lowers: string,
  what: (device: string) => string,
): Line[] {
  const first = events.find(({ code }) => code === raises)
  if (first === undefined) return []
  const seconds = chronicle.secondsOf(first)
  const taken = formatBytes(Number(first.fields['takenBytes']))
  const share = formatBytes(Number(first.fields['shareBytes']))
  const spans = pressedSpans(chronicle, events, raises, lowers)
  return [{ seconds, text: `${what(first.actor)} at ${span(seconds)}, with ${taken} of ${share}: ${spans}.` }]
}

/** The timeline: which events are marked on the charts, and under which number. */
import type { ActorId } from '#shared/actor.ts'
import type { Scenario } from '#shared/scenario.ts'
import type { RunEvent } from './record.ts'

/** An event that the charts show, by its number in the table of events. */
export interface Mark {
  readonly number: number
  readonly seconds: number
  readonly event: RunEvent
}

/** What happens in every run and changes little. Codes that are not known here are marked, whatever they may be. */
const UNMARKED = new Set(['started', 'ended', 'phase', 'burst', 'all-left', 'chmu-drop'])
/** More than these would hide what they mark. */
const MARKS_MAX = 60

/** The first event of each kind and actor; of what operators asked for, all. */
export function marksOf(events: readonly RunEvent[]): Mark[] {
  const seen = new Set<string>()
  const marked = events.filter(({ actor, code, fields }) => {
    if (UNMARKED.has(code)) return false
    const key = JSON.stringify([actor, code, actor === 'operator' ? fields['workload'] : undefined])
    return !seen.has(key) && seen.add(key)
  })
  return marked.slice(0, MARKS_MAX).map((event, i) => ({ number: i + 1, seconds: event.seconds, event }))
}

/** The marks that concern an actor: its own and those of the hosts, devices and workloads that it has to do with. */
export function marksFor(marks: readonly Mark[], actor: ActorId, { hosts, workloads }: Scenario): Mark[] {
  const own = Object.hasOwn(hosts, actor) ? [actor] : Object.keys(hosts).filter((id) => hosts[id]!.devices.includes(actor))
  const near = new Set([actor, ...own, ...(Object.hasOwn(hosts, actor) ? hosts[actor]!.devices : [])])
  return marks.filter(({ event }) => {
    // A newcomer's host is not in the scenario: what it does is shown everywhere.
    const host = Object.hasOwn(workloads, event.actor) ? workloads[event.actor]!.host : undefined
    if (host !== undefined) return near.has(host)
    return near.has(event.actor) || !(Object.hasOwn(hosts, event.actor) || isDevice(event.actor, hosts))
  })
}

function isDevice(actor: ActorId, hosts: Scenario['hosts']): boolean {
  return Object.values(hosts).some(({ devices }) => devices.includes(actor))
}

/** Labels for marks that stand so near to each other that their numbers would overlap: `2–4`, or `2, 4` where 3 is not there. */
export function labelsOf(marks: readonly Mark[], nearSeconds: number): { seconds: number; text: string }[] {
  const groups: Mark[][] = []
  for (const mark of marks) {
    const last = groups.at(-1)?.at(-1)
    if (last && mark.seconds - last.seconds < nearSeconds) groups.at(-1)!.push(mark)
    else groups.push([mark])
  }
  return groups.map((group) => ({ seconds: group[0]!.seconds, text: spansOf(group.map(({ number }) => number)).join(', ') }))
}

function spansOf(numbers: readonly number[]): string[] {
  const spans: [from: number, to: number][] = []
  for (const number of numbers) {
    const span = spans.at(-1)
    if (span && number === span[1] + 1) span[1] = number
    else spans.push([number, number])
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`))
}

/** The verdict in words: what happened, in the order in which it happened. */
import type { ActorEvent, ActorId } from '#shared/actor.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import type { Scenario } from '#shared/scenario.ts'
import { formatBytes, formatByteRate, formatCount } from '#shared/units.ts'
import type { Chronicle, Moment } from './chronicle.ts'
import { shareStory } from './share-story.ts'
import { at, type Line, list, pressedSpans, span } from './story-line.ts'
import type { Bear } from './verdict.ts'

export function storyOf(scenario: Scenario, chronicle: Chronicle, bear: Bear): string[] {
  const attacks = chronicle.events.filter((event) => event.code === 'attack')
  const [attack] = attacks
  const lines = [
    ...Object.keys(scenario.devices).flatMap((id) => deviceStory(scenario, chronicle, id, attack)),
    ...poolsOf(scenario, chronicle.beforeAttack ?? chronicle.last, attack !== undefined),
    ...attacks.map((event) => attackOf(scenario, chronicle, event)),
    ...leaks(scenario, chronicle),
    ...killings(chronicle),
  ]
  return [
    ...lines.toSorted((x, y) => x.seconds - y.seconds).map(({ text }) => text),
    ...slowdowns(scenario, chronicle),
    ending(bear, attack !== undefined),
  ]
}

function poolsOf(scenario: Scenario, moment: Moment | undefined, attacked: boolean): Line[] {
  if (moment === undefined) return []
  return Object.keys(scenario.devices).map((id) => {
    const { storedPages, usedBytes, compressionRatio } = moment.devices[id]!
    const when = attacked ? `${at(moment.seconds)}, before the attack,` : at(moment.seconds)
    const { seconds } = moment
    if (storedPages === 0) return { seconds, text: `${when} ${id} was empty.` }
    const text = `${when} ${id} held ${formatCount(storedPages)} pages: ${formatBytes(storedPages * PAGE_BYTES)} in ${formatBytes(usedBytes)}, a ratio of ${compressionRatio.toFixed(2)}.`
    return { seconds, text }
  })
}

function attackOf(scenario: Scenario, chronicle: Chronicle, attack: ActorEvent): Line {
  const { host } = scenario.workloads[attack.actor]!
  const rate = formatByteRate(Number(attack.fields['bytesPerSecond']))
  const seconds = chronicle.secondsOf(attack)
  const text = `${at(seconds)} ${attack.actor} on ${host} began to overwrite its pooled pages at ${rate} (${attack.fields['content']}).`
  return { seconds, text }
}

function deviceStory(scenario: Scenario, chronicle: Chronicle, id: ActorId, attack: ActorEvent | undefined): Line[] {
  const mine = chronicle.events.filter((event) => event.actor === id)
  const lines: Line[] = []
  const low = mine.find((event) => event.code === 'low-threshold')
  if (low) {
    const seconds = chronicle.secondsOf(low)
    const since =
      attack && low.quantum >= attack.quantum ? `, ${span(seconds - chronicle.secondsOf(attack))} after the attack` : ''
    const hosts = Object.values(scenario.hosts).filter(({ devices }) => devices.includes(id)).length
    const left = formatBytes(Number(low.fields['headroomBytes']))
    const raised = pressedSpans(chronicle, mine, 'low-threshold', 'high-threshold')
    const to =
      scenario.devices[id]!.shares.policy === 'none' ? `${hosts} host${hosts === 1 ? '' : 's'}` : 'those above their part'
    lines.push({
      seconds,
      text: `${id} crossed its low threshold at ${span(seconds)}${since}, with ${left} left; the interrupt, to ${to}, was up ${raised}.`,
    })
  }
  for (const reason of new Set(mine.filter((event) => event.code === 'first-refusal').map((event) => event.fields['reason']))) {
    const refusals = mine.filter((event) => event.code === 'first-refusal' && event.fields['reason'] === reason)
    const hosts = refusals.map((event) => `${event.fields['host']} (${span(chronicle.secondsOf(event))})`)
    const text = `${id} began to refuse demotions (${reason}): ${list(hosts)}.`
    lines.push({ seconds: chronicle.secondsOf(refusals[0]!), text })
  }
  const poison = mine.find((event) => event.code === 'poison')
  if (poison) {
    const seconds = chronicle.secondsOf(poison)
    const { policy } = scenario.devices[id]!.shares
    const where = policy === 'hard' ? `${poison.fields['host']} had all of its share of ${id}` : `${id} ran out of space`
    lines.push({ seconds, text: `${where} at ${span(seconds)}: writes were dropped, their pages poisoned.` })
  }
  return [...lines, ...shareStory(chronicle, mine)]
}

const LEAKED: Readonly<Record<string, string>> = {
  anon: 'anonymous pages',
  pageCache: 'page cache',
  kernel: 'kernel memory',
}

const LEAKED_BY: Readonly<Record<string, string>> = {
  workload: 'workloads',
  systemService: 'system services',
  rootTask: 'root tasks',
  rebind: 'rebound workloads',
  kernelThread: 'kernel threads',
  interrupt: 'interrupts',
}

/** What each host's isolation let onto a device, from when on, and by whom. */
function leaks(scenario: Scenario, chronicle: Chronicle): Line[] {
  const first = chronicle.events.filter((event) => event.code === 'first-leak')
  return Object.keys(scenario.hosts).flatMap((id) =>
    Object.entries(LEAKED).flatMap(([kind, what]) => {
      const mine = first.filter((event) => event.actor === id && event.fields['kind'] === kind)
      if (mine.length === 0) return []
      const seconds = chronicle.secondsOf(mine[0]!)
      const causes = list(mine.map((event) => LEAKED_BY[event.fields['cause']!]!))
      return [{ seconds, text: `${id} leaked ${what} onto ${mine[0]!.fields['device']} from ${span(seconds)} on, by ${causes}.` }]
    }),
  )
}

function killings(chronicle: Chronicle): Line[] {
  return chronicle.events
    .filter((event) => event.code === 'killed' && event.fields['pages'] === undefined)
    .map((event) => {
      const why = event.fields['cause'] === 'sigbus' ? 'it read a poisoned page (SIGBUS)' : 'its host was out of memory (OOM)'
      const seconds = chronicle.secondsOf(event)
      return { seconds, text: `${at(seconds)} ${event.actor} was killed: ${why}.` }
    })
}

/** How much slower each host's workloads ran than on all-DRAM, before and after the attack. */
function slowdowns(scenario: Scenario, chronicle: Chronicle): string[] {
  const { beforeAttack: before, last } = chronicle
  if (last === undefined) return []
  const parts = Object.keys(scenario.hosts).map((id) => {
    const all = last.hosts[id]!
    if (before === undefined) return `${id} ${times(all.elapsedSeconds, all.workSeconds)}`
    const then = before.hosts[id]!
    const after = times(all.elapsedSeconds - then.elapsedSeconds, all.workSeconds - then.workSeconds)
    return `${id} ${times(then.elapsedSeconds, then.workSeconds)} → ${after}`
  })
  const since = before === undefined ? '' : ' (before → since the attack)'
  return [`Slowdown against all-DRAM${since}: ${parts.join(', ')}.`]
}

function times(elapsed: number, work: number): string {
  return work > 0 ? `${(elapsed / work).toFixed(3)}×` : '–'
}

function ending(bear: Bear, attacked: boolean): string {
  const closest = `${formatBytes(bear.closestHeadroomBytes)} at ${span(bear.atSeconds)}`
  if (!attacked) {
    return bear.outrun
      ? `No bear came. Closest headroom: ${closest}.`
      : `No bear came, yet space ran out: closest headroom ${closest}.`
  }
  return bear.outrun ? `The bear was outrun. Closest headroom: ${closest}.` : `The bear won: closest headroom ${closest}.`
}

/** What a mark is about: its lane on the timeline and its colour on every chart. */
import type { Mark } from '#simulation/dashboard/marks.ts'
import type { Paint } from './colours.ts'

export const KINDS = ['refusal', 'interrupt', 'share', 'fault', 'workload', 'oom', 'poison', 'other'] as const
export type Kind = (typeof KINDS)[number]

export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  refusal: 'Refusals',
  interrupt: 'Interrupts',
  share: 'Shares and pauses',
  fault: 'Faults',
  workload: 'Injections and attacks',
  oom: 'OOM kills',
  poison: 'Poison',
  other: 'Other',
}

const BY_CODE: Readonly<Record<string, Kind>> = {
  'first-refusal': 'refusal',
  'low-threshold': 'interrupt',
  'high-threshold': 'interrupt',
  started: 'workload',
  ended: 'workload',
  attack: 'workload',
  'attack-over': 'workload',
  burst: 'workload',
  phase: 'workload',
  poison: 'poison',
  'share-pressed': 'share',
  'share-eased': 'share',
  'share-paused': 'share',
  'share-resumed': 'share',
  'first-fault': 'fault',
}

export function kindOf({ code, fields }: Mark): Kind {
  // A task that reads a poisoned page is killed by SIGBUS.
  if (code === 'killed') return fields['cause'] === 'sigbus' ? 'poison' : 'oom'
  return Object.hasOwn(BY_CODE, code) ? BY_CODE[code]! : 'other'
}

let loud: { readonly of: readonly Mark[]; readonly marks: readonly Mark[] } = { of: [], marks: [] }

/** What every chart shows; phases, bursts and starts at time 0 would only clutter it. All charts ask for the same. */
export function loudOf(marks: readonly Mark[]): readonly Mark[] {
  if (loud.of !== marks) loud = { of: marks, marks: marks.filter(isLoud) }
  return loud.marks
}

function isLoud(mark: Mark): boolean {
  const { code, quantum } = mark
  return kindOf(mark) !== 'other' && !['phase', 'burst', 'ended'].includes(code) && !(code === 'started' && quantum === 0)
}

export function colourOf(kind: Kind, paint: Paint): string {
  const colours: Readonly<Record<Kind, string>> = {
    refusal: paint.warn,
    interrupt: paint.accent,
    share: paint.accent,
    fault: paint.warn,
    workload: paint.fill,
    oom: paint.alarm,
    poison: paint.alarm,
    other: paint.faint,
  }
  return colours[kind]
}

const NEAR_PIXELS = 8

/** The mark that was meant by a click, if one lies near; `away` in pixels. */
export function nearest(marks: readonly Mark[], away: (mark: Mark) => number): Mark | undefined {
  let [best, distance]: [Mark | undefined, number] = [undefined, NEAR_PIXELS]
  for (const mark of marks) {
    const pixels = Math.abs(away(mark))
    if (pixels < distance) [best, distance] = [mark, pixels]
  }
  return best
}

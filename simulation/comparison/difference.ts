/** What differs between runs, figure by figure, with how much: the first run is what the others are held against. */
import type { ActorId } from '#shared/actor.ts'
import { lookUp, pathsOf } from '../report/figures.ts'
import type { Figures, Verdict } from '../verdict.ts'

const KINDS = ['devices', 'hosts', 'promoters', 'workloads'] as const
export type Kind = (typeof KINDS)[number]

export interface Difference {
  readonly kind: Kind
  readonly actor: ActorId
  /** Its path in the verdict, such as `latencyNs.p99`. */
  readonly figure: string
  /** One for each run; null where a run has no such figure. */
  readonly values: readonly (number | null)[]
  /** For each run but the first: its value less the first's; null where one of them is missing. */
  readonly absolute: readonly (number | null)[]
  /** The same as a share of the first's; null also where that is zero. */
  readonly relative: readonly (number | null)[]
  /** From 0 to 2, by which differences are sorted: the widest gap between two runs, as a share of the largest value. */
  readonly size: number
}

export interface Differences {
  /** The largest first. */
  readonly differences: readonly Difference[]
  /** How many figures are the same in all runs, of each kind of actor. */
  readonly equal: Readonly<Record<Kind, number>>
}

export function differencesOf(verdicts: readonly Verdict[]): Differences {
  const differences: Difference[] = []
  const equal = { devices: 0, hosts: 0, promoters: 0, workloads: 0 }
  for (const kind of KINDS) {
    for (const actor of union(verdicts.map((verdict) => Object.keys(verdict[kind])))) {
      const figures = verdicts.map((verdict): Figures => (Object.hasOwn(verdict[kind], actor) ? verdict[kind][actor]! : {}))
      for (const figure of union(figures.map(pathsOf))) {
        const found = differenceOf(kind, actor, figure, figures)
        if (found.size === 0) equal[kind]++
        else differences.push(found)
      }
    }
  }
  const widest = ({ absolute }: Difference): number => Math.max(0, ...absolute.map((value) => Math.abs(value ?? 0)))
  return { differences: differences.toSorted((x, y) => y.size - x.size || widest(y) - widest(x)), equal }
}

function differenceOf(kind: Kind, actor: ActorId, figure: string, figures: readonly Figures[]): Difference {
  const values = figures.map((own) => {
    const value = lookUp(own, figure)
    return typeof value === 'number' && !Number.isNaN(value) ? value : null
  })
  const [first, ...others] = values
  const absolute = others.map((value) => (value === null || first == null ? null : value - first))
  const relative = absolute.map((value) => (value === null || first == null || first === 0 ? null : value / Math.abs(first)))
  return { kind, actor, figure, values, absolute, relative, size: sizeOf(values) }
}

/** A figure that one run has and another has not differs as much as can be. */
function sizeOf(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null)
  if (known.length < values.length) return known.length === 0 ? 0 : 2
  const largest = Math.max(...known.map(Math.abs))
  return largest === 0 ? 0 : (Math.max(...known) - Math.min(...known)) / largest
}

function union(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())]
}

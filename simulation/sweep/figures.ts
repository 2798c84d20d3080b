/** What a sweep keeps of a run: the verdict's main figures, over all hosts and devices, as one row. */
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { lookUp, pathsOf } from '../report/figures.ts'
import type { Figures, Verdict } from '../verdict.ts'

/** NaN: the run has no such figure. */
type Of = (verdict: Verdict) => number

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => (values.length === 0 ? NaN : sum(values) / values.length)

/** Of each actor; a mapping of counts stands for their sum. */
function all(actors: Readonly<Record<string, Figures>>, path: string): number[] {
  return Object.values(actors).map((figures) => {
    const found = lookUp(figures, path) ?? NaN
    return typeof found === 'number' ? found : sum(pathsOf(found).map((inner) => lookUp(found, inner) as number))
  })
}

const hosts =
  (path: string): Of =>
  (verdict) =>
    sum(all(verdict.hosts, path))
const devices =
  (path: string): Of =>
  (verdict) =>
    sum(all(verdict.devices, path))
const promoters =
  (path: string): Of =>
  (verdict) =>
    mean(all(verdict.promoters, path).filter(Number.isFinite))

/** Slowdown of hosts on which something ran: an idle one has none. */
const slowdowns = (verdict: Verdict): number[] =>
  Object.values(verdict.hosts)
    .filter((figures) => (lookUp(figures, 'workSeconds') as number) > 0)
    .map((figures) => lookUp(figures, 'slowdown') as number)

const storedBytes: Of = (verdict) => devices('storedPages')(verdict) * PAGE_BYTES
const usedBytes: Of = devices('usedBytes')

/** By name; names end in their unit. Slowdown is against all-DRAM; what is stored and used, as the run ended. */
export const FIGURES = {
  slowdownWorst: (verdict) => Math.max(...slowdowns(verdict), 1),
  slowdownMean: (verdict) => (slowdowns(verdict).length === 0 ? 1 : mean(slowdowns(verdict))),
  demotedPages: hosts('demoted'),
  refusedPages: hosts('refused'),
  promotedPages: hosts('promoted'),
  declinedPages: hosts('declined'),
  swappedOutPages: hosts('swappedOut'),
  swappedInPages: hosts('swappedIn'),
  oomKills: hosts('oomKills'),
  poisonHits: hosts('poisonHits'),
  poisonedPages: devices('poisonedPages'),
  /** 1: no device ran out of space, and no write was lost. */
  bearOutrun: ({ bear }) => (bear.outrun ? 1 : 0),
  closestHeadroomBytes: ({ bear }) => bear.closestHeadroomBytes,
  physicalBytes: devices('physicalBytes'),
  advertisedBytes: devices('advertisedBytes'),
  /** Peaks of the devices, added up. */
  peakUsedBytes: devices('peakUsedBytes'),
  usedBytes,
  storedBytes,
  /** What the hosts have on the devices, less what it takes there. */
  savedBytes: (verdict) => storedBytes(verdict) - usedBytes(verdict),
  compressionRatio: (verdict) => (usedBytes(verdict) > 0 ? storedBytes(verdict) / usedBytes(verdict) : NaN),
  coverage: promoters('coverage'),
  accuracy: promoters('accuracy'),
  latenessSeconds: (verdict) => promoters('latenessMs')(verdict) / 1000,
  transitions: (verdict) => verdict.transitions,
  virtualSeconds: (verdict) => verdict.virtualSeconds,
} as const satisfies Readonly<Record<string, Of>>

export type FigureName = keyof typeof FIGURES
export type FigureRow = Readonly<Record<FigureName, number>>
export const FIGURE_NAMES = Object.keys(FIGURES) as readonly FigureName[]

export function figuresOf(verdict: Verdict): FigureRow {
  return Object.fromEntries(FIGURE_NAMES.map((name) => [name, FIGURES[name](verdict)])) as FigureRow
}

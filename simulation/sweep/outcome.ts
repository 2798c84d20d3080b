/** What a variant gave: its digest and its figures, wherever it ran. As text, and from outside, it is checked. */
import { z } from 'zod'
import type { Verdict } from '../verdict.ts'
import { FIGURE_NAMES, figuresOf, type FigureRow } from './figures.ts'

export interface Outcome {
  /** Of the variant. */
  readonly index: number
  readonly digest: string
  readonly figures: FigureRow
}

export function outcomeOf(index: number, verdict: Verdict): Outcome {
  return { index, digest: verdict.digest, figures: figuresOf(verdict) }
}

/** Numbers in an array in the order of the figures; JSON has no NaN and no infinity, so they are texts. */
const SPECIAL: readonly number[] = [NaN, Infinity, -Infinity]
const figure = z.union([
  z.number(),
  z.enum(SPECIAL.map(String) as [string, ...string[]]).transform((text) => SPECIAL.find((value) => String(value) === text)!),
])
const outcome = z.strictObject({
  index: z.int().min(0),
  digest: z.string().regex(/^[0-9a-f]{32}$/),
  figures: z.array(figure).length(FIGURE_NAMES.length),
})

export function plainOf({ index, digest, figures }: Outcome): object {
  const values = FIGURE_NAMES.map((name) => figures[name])
  return { index, digest, figures: values.map((value) => (Number.isFinite(value) ? value : String(value))) }
}

/** Undefined for what is no outcome of a variant below `variants`. */
export function outcomeFrom(given: unknown, variants: number): Outcome | undefined {
  const { data } = outcome.safeParse(given)
  if (data === undefined || data.index >= variants) return undefined
  const figures = Object.fromEntries(FIGURE_NAMES.map((name, i) => [name, data.figures[i]!])) as FigureRow
  return { ...data, figures }
}

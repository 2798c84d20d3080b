/** A sweep file read: checked, with a line for every problem. */
import { createHash } from 'node:crypto'
import { located, plain, readDocument } from '#shared/scenario/document.ts'
import { type Path, ScenarioError } from '#shared/scenario/problems.ts'
import { shapeProblems } from '#shared/scenario/shape.ts'
import { type Axis, AxisError, axisOf, textOf } from './axis.ts'
import { sweepForm, VARIANTS_MAX } from './form.ts'
import { gridOf, hypercubeOf, type Setting } from './settings.ts'

export interface SweepForm {
  readonly name: string
  /** As it is named in the file. */
  readonly scenario: string
  readonly fixed: readonly string[]
  readonly axes: readonly Axis[]
  readonly settings: readonly Setting[]
  /** Whether the settings are every combination of the axes' values. */
  readonly grid: boolean
  readonly seeds: number
  readonly heatMap: { readonly x?: string | undefined; readonly y?: string | undefined }
}

/** Throws a ScenarioError with a line for every problem. */
export function parseSweep(text: string, fileName: string): SweepForm {
  const document = readDocument(text, fileName, { charactersMax: 2 ** 20, tokensMax: Infinity, linesBefore: 0, code: 'CP_SWEEP' })
  const given = plain(document)
  const result = sweepForm.safeParse(given)
  const problems = result.success
    ? []
    : shapeProblems(result.error, given).map((problem) => ({ ...problem, code: 'CP_SWEEP' as const }))
  const fail = (): never => {
    throw new ScenarioError(
      problems.map((problem) => located(document, problem)),
      fileName,
    )
  }
  if (!result.success) return fail()
  const { name, scenario, set, axes: forms, latinHypercube, seeds, heatMap = {} } = result.data
  const wrong = (path: Path, problem: string, expected: string): void => {
    problems.push({ code: 'CP_SWEEP', path, problem, expected })
  }
  const axes: Axis[] = []
  for (const [path, form] of Object.entries(forms)) {
    const at = ['axes', path]
    const stepped = 'values' in form || form.steps !== undefined
    if (!stepped && !latinHypercube) wrong(at, 'has no steps', 'steps, or a latinHypercube that needs none')
    if (path === 'seed') wrong(at, 'seeds are no axis', 'seeds: N, for N runs of each setting')
    if (Object.hasOwn(set, path)) wrong(at, 'is set for all variants as well', 'one of the two')
    try {
      axes.push(axisOf(path, form))
    } catch (error) {
      if (!(error instanceof AxisError)) throw error
      wrong(at, error.message, error.expected)
    }
  }
  if (Object.hasOwn(set, 'seed')) wrong(['set', 'seed'], 'seeds are no fixed value', 'seeds: N, for seeds 1 to N')
  for (const [side, path] of Object.entries(heatMap)) {
    if (path !== undefined && !Object.hasOwn(forms, path)) wrong(['heatMap', side], `got ${path}`, 'one of the axes')
  }
  if (heatMap.x !== undefined && heatMap.x === heatMap.y) wrong(['heatMap', 'y'], 'is x as well', 'another axis')
  const samples = latinHypercube?.samples ?? axes.reduce((product, { values }) => product * values.length, 1)
  if (samples * seeds > VARIANTS_MAX) wrong([], `has ${samples * seeds} variants`, `at most ${VARIANTS_MAX}`)
  if (problems.length > 0) return fail()
  const settings = latinHypercube ? hypercubeOf(axes, latinHypercube.samples, latinHypercube.seed) : gridOf(axes)
  const fixed = Object.entries(set).map(([path, value]) => `${path}=${textOf(value)}`)
  return { name, scenario, fixed, axes, settings, grid: !latinHypercube, seeds, heatMap }
}

/** What is to be run: a scenario's text, and in which values each variant differs. */
export interface Sweep extends SweepForm {
  readonly scenarioText: string
  readonly variants: readonly SweepVariant[]
  /** Of all that decides the results, but for the version of coldpool. */
  readonly digest: string
}

export interface SweepVariant {
  /** From 0 on, in the order of the results. */
  readonly index: number
  readonly setting: Setting
  readonly seed: number
  readonly overrides: readonly string[]
}

export function sweepOf(form: SweepForm, scenarioText: string): Sweep {
  const { fixed, settings, seeds } = form
  const variants = settings.flatMap((setting) =>
    Array.from({ length: seeds }, (_, i) => {
      const seed = i + 1
      return {
        index: setting.number * seeds + i,
        setting,
        seed,
        overrides: [...fixed, ...overridesOf(form, setting), `seed=${seed}`],
      }
    }),
  )
  const digest = createHash('sha256').update(JSON.stringify([scenarioText, variants.map(({ overrides }) => overrides)]))
  return { ...form, scenarioText, variants, digest: digest.digest('hex').slice(0, 32) }
}

/** What distinguishes a setting. */
export function overridesOf({ axes }: SweepForm, { values }: Setting): string[] {
  return axes.map(({ path }, i) => `${path}=${values[i]!.text}`)
}

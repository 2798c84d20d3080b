/** Carries an experiment out: every policy at every step of every axis, with every seed. */
import { assert } from '#shared/errors.ts'
import { runVariants, type Variant, type VariantOptions } from '#simulation/variants.ts'
import type { Verdict } from '#simulation/verdict.ts'
import { estimate } from './estimate.ts'
import { type Experiment, type Point, Results } from './experiment.ts'

/** One run of an experiment. */
export interface Trial extends Variant {
  readonly axis: string
  readonly at: number
  readonly policy: string
  readonly seed: number
}

export interface Study {
  readonly experiment: Experiment
  readonly results: Results
  /** Of the first run: who repeats it can tell whether the models have changed since. */
  readonly digest: string
  readonly seeds: number
  readonly runs: number
}

export interface StudyOptions extends Pick<VariantOptions, 'workers' | 'signal'> {
  /** Default: the experiment's own. */
  readonly seeds?: number
  /** In the order in which they end. */
  readonly onRun?: (trial: Trial, verdict: Verdict, trials: number) => void
}

export async function study(experiment: Experiment, options: StudyOptions = {}): Promise<Study> {
  const { seeds = experiment.seeds, onRun = () => {}, ...rest } = options
  const trials = trialsOf(experiment, seeds)
  const outcomes = await runVariants(trials, {
    ...rest,
    onDone: (index, { verdict }) => onRun(trials[index]!, verdict, trials.length),
  })
  const verdicts = outcomes.map(({ verdict }) => verdict)
  return { experiment, results: resultsOf(experiment, seeds, verdicts), digest: verdicts[0]!.digest, seeds, runs: trials.length }
}

/** By axis, step, policy and seed, the last one fastest. */
export function trialsOf({ scenario: text, axes, policies }: Experiment, seeds: number): Trial[] {
  const trials: Trial[] = []
  for (const { name: axis, steps } of axes) {
    for (const { at, overrides } of steps) {
      for (const { name: policy, overrides: own } of policies) {
        for (let seed = 1; seed <= seeds; seed++)
          trials.push({ text, overrides: [...overrides, ...own, `seed=${seed}`], axis, at, policy, seed })
      }
    }
  }
  return trials
}

function resultsOf({ axes, policies, measures }: Experiment, seeds: number, verdicts: readonly Verdict[]): Results {
  const points: Point[] = []
  let next = 0
  for (const { name: axis, steps } of axes) {
    for (const { at } of steps) {
      for (const { name: policy } of policies) {
        const runs = verdicts.slice(next, (next += seeds))
        for (const { name: measure, of } of measures) {
          const values = runs.map(of)
          assert(values.every(Number.isFinite), `${measure} of ${policy} at ${axis} ${at} is a number in every run`)
          points.push({ axis, at, policy, measure, estimate: estimate(values) })
        }
      }
    }
  }
  return new Results(points)
}

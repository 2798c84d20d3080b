/**
 * What an experiment is: a question, policies side by side, and axes along which the same scenario is made harder. Every policy runs at
 * every step of every axis with the same seeds; what the policy does not touch comes from random streams of its own, so that a
 * difference between two policies comes from the policy.
 */
import type { Verdict } from '#simulation/verdict.ts'
import type { Estimate } from './estimate.ts'

/** A point at which the scenario is run: values that are set in it. */
export interface Setting {
  readonly name: string
  readonly overrides: readonly string[]
}

/** `at` is where the step stands on the axis. */
export interface Step {
  readonly at: number
  readonly overrides: readonly string[]
}

export interface Axis {
  readonly name: string
  /** With its unit: `bear, MB/s`. */
  readonly title: string
  readonly steps: readonly Step[]
}

export interface Measure {
  readonly name: string
  /** With its unit: `slowdown of the service`. */
  readonly title: string
  readonly of: (verdict: Verdict) => number
}

export interface Experiment {
  readonly name: string
  readonly question: string
  readonly hypothesis: string
  /** The scenario that is varied, in YAML. */
  readonly scenario: string
  readonly policies: readonly Setting[]
  readonly axes: readonly Axis[]
  readonly measures: readonly Measure[]
  /** Runs at each point. */
  readonly seeds: number
  /** A paragraph, made of the results alone. */
  readonly finding: (results: Results) => string
  /** What the answer does not cover. */
  readonly limits: string
}

/** A measure at one point, over all seeds. */
export interface Point {
  readonly axis: string
  readonly at: number
  readonly policy: string
  readonly measure: string
  readonly estimate: Estimate
}

export class Results {
  readonly points: readonly Point[]

  constructor(points: readonly Point[]) {
    this.points = points
  }

  /** In the order of the steps. */
  along(axis: string, policy: string, measure: string): readonly Point[] {
    return this.points.filter((point) => point.axis === axis && point.policy === policy && point.measure === measure)
  }

  at(axis: string, at: number, policy: string, measure: string): Estimate {
    const found = this.along(axis, policy, measure).find((point) => point.at === at)
    if (found === undefined) throw new Error(`the experiment has no ${measure} of ${policy} at ${axis} ${at}`)
    return found.estimate
  }
}

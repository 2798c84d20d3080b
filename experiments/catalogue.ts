/** All experiments, by name. */
import { ColdpoolError } from '#shared/errors.ts'
import { printable } from '#shared/scenario/problems.ts'
import { accessPolicies } from './access.ts'
import type { Experiment } from './experiment.ts'
import { isolation } from './isolation.ts'
import { race } from './race.ts'
import { sharePolicies } from './shares.ts'

export const EXPERIMENTS: readonly Experiment[] = [race, isolation, accessPolicies, sharePolicies]

/** Throws CP_OPTION. */
export function experimentOf(name: string): Experiment {
  const found = EXPERIMENTS.find((experiment) => experiment.name === name)
  if (found) return found
  const names = EXPERIMENTS.map((experiment) => experiment.name).join(', ')
  throw new ColdpoolError('CP_OPTION', 'NAME', `there is no experiment ${printable(name)}`, `one of ${names}`)
}

/** What a setting or a variant of a sweep fails of, in an error that names it: a mistake of the user's stays one. */
import { ColdpoolError } from '#shared/errors.ts'
import { loadScenario } from '#shared/scenario.ts'
import { printable, ScenarioError } from '#shared/scenario/problems.ts'
import { overridesOf, type Sweep, type SweepVariant } from './sweep-file.ts'

/** Throws a ScenarioError if one of the settings is no scenario. */
export function checkSettings(sweep: Sweep, onChecked: (checked: number) => void = () => {}): void {
  for (const setting of sweep.settings) {
    const { overrides } = sweep.variants[setting.number * sweep.seeds]!
    try {
      loadScenario(sweep.scenarioText, sweep.scenario, overrides)
    } catch (error) {
      throw errorWith(error, printable(overridesOf(sweep, setting).join(', ')))
    }
    onChecked(setting.number + 1)
  }
}

/** `on` says where it ran, if not here. */
export function variantError(error: unknown, sweep: Sweep, { index, setting, seed }: SweepVariant, on = ''): unknown {
  const settings = [...overridesOf(sweep, setting), `seed=${seed}`].join(', ')
  return errorWith(error, `${printable(settings)} (variant ${index}${on})`)
}

/** The same error, which says with what. */
function errorWith(error: unknown, what: string): unknown {
  const said = ({ code, where, problem, expected }: ColdpoolError): ColdpoolError =>
    new ColdpoolError(code, where, `${problem}, with ${what}`, expected)
  if (error instanceof ScenarioError) return new ScenarioError(error.problems.map(said), '')
  if (error instanceof ColdpoolError) return said(error)
  if (error instanceof Error) {
    // In the stack, the message comes first and for itself.
    error.stack = `with ${what}: ${error.stack ?? error.message}`
    error.message = `with ${what}: ${error.message}`
  }
  return error
}

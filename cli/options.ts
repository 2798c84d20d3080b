/** The options of `run` that stand for a field of the scenario: checked as that field is, then overrides like any other. */
import { ColdpoolError } from '#shared/errors.ts'
import { printable, shown } from '#shared/scenario/problems.ts'
import { duration, quantum, seed } from '#shared/scenario/schema.ts'
import type { z } from 'zod'

export interface FieldOptions {
  readonly seed?: string
  readonly duration?: string
  readonly quantum?: string
}

/** As overrides of the scenario (`seed=7`). */
export function fieldOverrides(options: FieldOptions): string[] {
  const overrides: string[] = []
  const add = (name: keyof FieldOptions, field: z.ZodType, value: unknown): void => {
    if (options[name] === undefined) return
    const issue = field.safeParse(value).error?.issues[0]
    if (issue !== undefined) {
      const problem =
        (issue.code === 'custom' ? (issue.params?.['problem'] as string | undefined) : undefined) ?? `got ${shown(options[name])}`
      throw new ColdpoolError('CP_OPTION', `--${name}`, printable(problem), printable(issue.message))
    }
    overrides.push(`${name}=${options[name]}`)
  }
  add('seed', seed, /^\d+$/.test(options.seed ?? '') ? Number(options.seed) : NaN)
  add('duration', duration, options.duration)
  add('quantum', quantum, options.quantum)
  return overrides
}

/** The form of a sweep file: what may stand in it. What its parts mean together is in sweep-file.ts. */
import { z } from 'zod'
import { choice, flag, mapping, whole } from '#shared/scenario/fields.ts'

/** More settings than this are no sweep that anybody waits for. */
export const VARIANTS_MAX = 100_000
export const AXES_MAX = 16
const VALUES_MAX = 1000

const NAME_EXPECTED = 'at most 64 of a-z, 0-9 and -'
const PATH_EXPECTED = 'a path of the scenario such as hosts.*.memory'
const END_EXPECTED = 'a number or a quantity with its unit'

const path = z.string(PATH_EXPECTED).regex(/^[^.=\s]+(\.[^.=\s]+)*$/, PATH_EXPECTED)
const end = z.union([z.number(), z.string()], END_EXPECTED)

const range = mapping('Values between two ends', {
  from: end.describe('The first value'),
  to: end.describe('The last value'),
  steps: whole('Values in a grid, both ends among them; a Latin hypercube has none', 2, VALUES_MAX).optional(),
  scale: choice('How values lie between the ends; default linear', ['linear', 'log']).optional(),
  whole: flag('Whether values are whole numbers of their unit; default false').optional(),
})

const AXIS_EXPECTED = 'a list of values, or a mapping with from, to, steps, scale, whole'
const list = z
  .array(z.unknown())
  .min(1, 'a value at least')
  .max(VALUES_MAX, `at most ${VALUES_MAX} values`)
  .transform((values) => ({ values }))

export type AxisForm = { readonly values: readonly unknown[] } | z.output<typeof range>

/** Apart, so that what is wrong is told of the form that was meant. */
const axis = z.unknown().transform((given, context): AxisForm => {
  const form = Array.isArray(given) ? list : typeof given === 'object' && given !== null ? range : undefined
  if (form === undefined) {
    context.addIssue({ code: 'custom', message: AXIS_EXPECTED })
    return z.NEVER
  }
  const result = form.safeParse(given)
  if (result.success) return result.data
  for (const issue of result.error.issues) context.issues.push({ ...issue, input: given } as never)
  return z.NEVER
})

export const sweepForm = mapping('A coldpool sweep', {
  name: z
    .string(NAME_EXPECTED)
    .regex(/^[a-z0-9-]{1,64}$/, NAME_EXPECTED)
    .describe('Names the folder of results'),
  scenario: z
    .string('a file or the name of a ready-made scenario')
    .min(1, 'a file or the name of a ready-made scenario')
    .describe('The scenario that is varied: a file, seen from this one, or the name of a ready-made one'),
  set: z
    .record(path, z.unknown(), {
      error: (issue) => (issue.code === 'invalid_key' ? PATH_EXPECTED : 'a mapping from paths to values'),
    })
    .default({})
    .describe('Values that all variants have, by path of the scenario'),
  axes: z
    .record(path, axis, { error: (issue) => (issue.code === 'invalid_key' ? PATH_EXPECTED : 'a mapping from paths to values') })
    .refine((axes) => Object.keys(axes).length >= 1 && Object.keys(axes).length <= AXES_MAX, `1 to ${AXES_MAX} paths`)
    .meta({
      description: `What is varied, by path of the scenario: ${AXIS_EXPECTED} (1 to ${AXES_MAX})`,
      minProperties: 1,
      maxProperties: AXES_MAX,
    }),
  latinHypercube: mapping('Settings drawn from the axes, instead of every combination of their values', {
    samples: whole('How many', 2, VARIANTS_MAX),
    seed: whole('Of the drawing; default 1', 0, Number.MAX_SAFE_INTEGER).default(1),
  }).optional(),
  seeds: whole('Runs of each setting, with seeds 1, 2, …; default 1', 1, 1000).default(1),
  heatMap: mapping('What the heat map shows', {
    x: path.describe('The axis from left to right; default: the one with the largest effect').optional(),
    y: path.describe('The axis from bottom to top; default: the one with the next largest').optional(),
  }).optional(),
})

/** For editors. */
export function sweepJsonSchema(): object {
  const { properties, ...schema } = z.toJSONSchema(sweepForm, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as {
    properties: Readonly<Record<string, object>>
  }
  const one = { anyOf: [{ type: 'array', minItems: 1 }, z.toJSONSchema(range, { io: 'input', target: 'draft-7' })] }
  const axes = { ...properties['axes'], additionalProperties: one }
  return { title: 'coldpool sweep', ...schema, properties: { ...properties, axes } }
}

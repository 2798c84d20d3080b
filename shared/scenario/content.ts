/**
 * What pages hold, as far as compression sees it, and its canonical text (the form that mails carry): `redis_json`,
 * `zero`, `incompressible`, `ratio=2.5`, `redis_json*0.7+zero*0.3`, and for writes `drift=redis_json`.
 */
import { z } from 'zod'
import { DRIFT_NAMES, PROFILE_NAMES } from '../content.ts'
import { parsePercentage, UnitError } from '../units.ts'
import { oneOf, shown } from './problems.ts'

const CONTENTS: readonly string[] = [...PROFILE_NAMES, 'zero', 'incompressible']
const DRIFTS: readonly string[] = DRIFT_NAMES

const RATIO_MAX = 4096
const SHARE_MIN = 1e-6
const SHARE_SUM_TOLERANCE = 1e-6

const CONTENT_EXPECTED = `one of ${CONTENTS.join(', ')}, or { ratio: 2.5 }, or { mix: { redis_json: 70%, zero: 30% } }`

const nameSchema = { type: 'string', enum: [...CONTENTS] } as const
const ratioSchema = mappingSchema('ratio', { type: 'number', minimum: 1, maximum: RATIO_MAX })
const mixSchema = mappingSchema('mix', {
  type: 'object',
  propertyNames: { enum: [...CONTENTS] },
  additionalProperties: { type: 'string', pattern: String.raw`^\d+(\.\d+)?%$` },
  minProperties: 1,
})
const driftSchema = mappingSchema('drift', { enum: [...DRIFTS] })

/** What a workload's pages hold at first. */
export const content = (meaning: string) =>
  z
    .unknown()
    .meta({ description: meaning, anyOf: [nameSchema, ratioSchema, mixSchema] })
    .transform((value, context) => canonical(value, context, false))

/** What a workload writes: as content, or the measured drift of sizes under writes. */
export const writtenContent = (meaning: string) =>
  z
    .unknown()
    .meta({ description: meaning, anyOf: [nameSchema, ratioSchema, mixSchema, driftSchema] })
    .transform((value, context) => canonical(value, context, true))

type Context = z.core.$RefinementCtx

function canonical(value: unknown, context: Context, written: boolean): string {
  if (typeof value === 'string' && CONTENTS.includes(value)) return value
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 1) {
    const [[key, inner]] = Object.entries(value) as [[string, unknown]]
    if (key === 'ratio') return ratio(inner, context)
    if (key === 'mix') return mix(inner, context)
    if (key === 'drift' && written) return drift(inner, context)
  }
  return refuse(context, [], value, written ? `${CONTENT_EXPECTED}, or { drift: ${DRIFTS.join(' or ')} }` : CONTENT_EXPECTED)
}

function ratio(value: unknown, context: Context): string {
  if (typeof value === 'number' && value >= 1 && value <= RATIO_MAX) return `ratio=${value}`
  return refuse(context, ['ratio'], value, `a number from 1 to ${RATIO_MAX}`)
}

function drift(value: unknown, context: Context): string {
  if (typeof value === 'string' && DRIFTS.includes(value)) return `drift=${value}`
  return refuse(context, ['drift'], value, oneOf(DRIFTS))
}

function mix(value: unknown, context: Context): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(context, ['mix'], value, 'a mapping from contents to shares such as { redis_json: 70%, zero: 30% }')
  }
  const terms: string[] = []
  let sum = 0
  for (const [part, text] of Object.entries(value)) {
    if (!CONTENTS.includes(part)) return refuse(context, ['mix'], part, oneOf(CONTENTS, part))
    const share = shareOf(text)
    if (typeof share !== 'number') return refuse(context, ['mix', part], text, 'a percentage from 0.0001% to 100%', share.problem)
    terms.push(`${part}*${share}`)
    sum += share
  }
  if (Math.abs(sum - 1) > SHARE_SUM_TOLERANCE) {
    return refuse(context, ['mix'], value, 'shares that sum to 100%', `shares sum to ${Number((sum * 100).toPrecision(9))}%`)
  }
  return terms.join('+')
}

function shareOf(text: unknown): number | { problem: string | undefined } {
  if (typeof text !== 'string') return { problem: undefined }
  try {
    const share = parsePercentage(text)
    return share >= SHARE_MIN && share <= 1 ? share : { problem: undefined }
  } catch (error) {
    if (error instanceof UnitError) return { problem: error.problem }
    throw error
  }
}

function refuse(context: Context, path: string[], value: unknown, expected: string, problem?: string): never {
  const got = value === undefined ? 'missing' : `got ${shown(value)}`
  context.addIssue({ code: 'custom', path, message: expected, params: { problem: problem ?? got } })
  return z.NEVER
}

function mappingSchema(key: string, value: z.core.JSONSchema.JSONSchema): z.core.JSONSchema.JSONSchema {
  return { type: 'object', properties: { [key]: value }, required: [key], additionalProperties: false }
}

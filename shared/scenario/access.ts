/** How a host's demoted pages may be read and written: the name of a policy, or a form with its parameters. */
import { z } from 'zod'
import { mapping, percentage, size, time } from './fields.ts'
import { oneOf, shown } from './problems.ts'

const POLICIES = [
  mapping('Read and written where they lie, no fault', { policy: z.literal('direct') }),
  mapping('Read where they lie; a write faults and brings the page home', { policy: z.literal('read-only') }),
  mapping('Read-only, but for a budget of pages that may be written where they lie', {
    policy: z.literal('write-budget'),
    // R, both: nobody has published a period or a share.
    poll: time("How often the devices' remaining capacity is asked for, from tick to tick; default 100ms", {
      min: '1ms',
      max: '1h',
    }).prefault('100ms'),
    share: percentage('The share of it that may be written into; default 25%', { min: '0%', max: '100%' }).prefault('25%'),
  }),
  mapping('Not mapped, as in zswap: every first access faults and brings the page home', {
    policy: z.literal('fault-on-access'),
    // S: FACTS 5, zswap's classical limit, and its max_pool_percent and accept_threshold_percent.
    rejectAbove: size('Largest compressed page that is stored; default 2990B', { min: '1B', max: '4KiB' }).prefault('2990B'),
    pool: percentage('The most to store, as a share of the memory; default 20%', { min: '0.1%', max: '100%' }).prefault('20%'),
    reaccept: percentage('A full pool accepts again below this share of its limit; default 90%', {
      min: '1%',
      max: '100%',
    }).prefault('90%'),
  }),
  mapping('Nothing is demoted: the baseline without devices', { policy: z.literal('swap-only') }),
] as const

const NAMES: readonly string[] = POLICIES.map((policy) => policy.shape.policy.value)
const EXPECTED = `one of ${NAMES.join(', ')}`

const form = z.discriminatedUnion('policy', POLICIES, {
  error: (issue) => (issue.code === 'invalid_union' ? EXPECTED : `${EXPECTED}, or a mapping with policy: ${EXPECTED}`),
})

const { $schema: _, ...formSchema } = z.toJSONSchema(form, { io: 'input', target: 'draft-7' })

/** Demoted pages are mapped, so that hint faults and DAMON can look at them. */
export function isMapped({ policy }: { readonly policy: string }): boolean {
  return policy !== 'fault-on-access'
}

export const access = z
  .unknown()
  .meta({
    description: 'How demoted pages may be read and written; default direct',
    anyOf: [{ type: 'string', enum: [...NAMES] }, formSchema as z.core.JSONSchema.BaseSchema],
  })
  .transform((value, context) => {
    if (typeof value !== 'string') return value
    if (NAMES.includes(value)) return { policy: value }
    context.addIssue({ code: 'custom', message: oneOf(NAMES, value), params: { problem: `got ${shown(value)}` } })
    return z.NEVER
  })
  .pipe(form)
  .prefault('direct')

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventsSchema, sampleSchema, type Status, statusSchema } from './broadcast.ts'

const STATUS: Status = {
  run: 'quick-1',
  cluster: 'default',
  scenario: 'quick',
  seed: 1,
  state: 'running',
  remark: '',
  quantum: 5,
  quanta: 4,
  virtualSeconds: 0.005,
  totalSeconds: 60,
  pace: 0,
  behindSeconds: 0,
  generation: 1,
  lastSetSeconds: -1,
  stages: [{ name: 'host-1', roles: ['host'], actors: ['host-1'], state: 'live', silentSeconds: 0 }],
  standby: ['host-2'],
  workloads: [{ id: 'workload-1', host: 'host-1', kind: 'zipf', state: 'present', injected: false }],
  dropped: { old: 1 },
  devices: { 'device-1': { physicalBytes: 1, advertisedBytes: 2, lowFraction: 0.1, highFraction: 0.2, hosts: ['host-1'] } },
  hosts: {
    'host-1': {
      memoryBytes: 1,
      swapBytes: 0,
      devices: ['device-1'],
      watermarks: { minBytes: 1, lowBytes: 2, highBytes: 3, promoBytes: 4 },
    },
  },
  promoters: { 'promoter-1': { host: 'host-1' } },
}

describe('what a conductor tells', () => {
  test('is taken as it is', () => {
    expect(statusSchema.parse(STATUS)).toEqual(STATUS)
    const sample = { quantum: 5, virtualSeconds: 0.5, telemetry: { 'host-1': { 'refused.full': 2 } } }
    expect(sampleSchema.parse(sample)).toEqual(sample)
    const events = { quantum: 5, events: [{ quantum: 5, actor: 'host-1', code: 'oom', fields: { pages: 3, why: 'full' } }] }
    expect(eventsSchema.parse(events)).toEqual(events)
  })

  test.each<[keyof Status, unknown]>([
    ['state', 'dancing'],
    ['quantum', -1],
    ['quantum', '5'],
    ['run', 'x'.repeat(5000)],
    ['stages', [{ name: 'x' }]],
    ['standby', Array.from({ length: 5000 }, () => 'x')],
    ['dropped', { old: -1 }],
    ['hosts', []],
  ])('is refused if its %s is another', (field, value) => {
    expect(statusSchema.safeParse({ ...STATUS, [field]: value }).success).toBe(false)
  })

  test('is refused if a field is missing, and never throws', () => {
    for (const field of Object.keys(STATUS)) {
      const { [field as keyof Status]: _, ...rest } = STATUS
      expect(statusSchema.safeParse(rest).success).toBe(false)
    }
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const schema of [statusSchema, sampleSchema, eventsSchema]) expect(schema.safeParse(value).success).toBe(false)
      }),
    )
  })
})

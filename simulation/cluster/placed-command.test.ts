import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { ColdpoolError } from '#shared/errors.ts'
import { placedCommands, type PlacedCommand } from './placed-command.ts'

const id = fc.string({ maxLength: 64 })
const ordinal = fc.nat()
const at = fc.option(
  fc.nat().map((stage) => ({ stage })),
  { nil: {} },
)
const command: fc.Arbitrary<PlacedCommand> = fc
  .tuple(
    fc.oneof(
      fc.record({
        kind: fc.constant('inject' as const),
        id,
        ordinal,
        workload: fc.constantFrom({ host: 'host-1', kind: 'zipf', size: '4MiB' }, {}),
      }),
      fc.record({ kind: fc.constant('stop' as const), id }),
      fc.record({ kind: fc.constant('join' as const), id, ordinal, host: id }),
      fc.record({
        kind: fc.constant('mail' as const),
        id,
        mail: fc.constantFrom('profile' as const, 'accesses' as const),
        body: fc.uint8Array({ maxLength: 30 }),
      }),
      fc.record({ kind: fc.constant('gone' as const), id }),
    ),
    at,
  )
  .map(([given, stage]) => ({ ...given, ...stage }))

test('commands come back as they were sent', () => {
  const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })
  fc.assert(
    fc.property(fc.array(command, { maxLength: 5 }), (commands) => {
      const back = placedCommands(packr.unpack(packr.pack(commands)))
      expect(back.map((one) => (one.kind === 'mail' ? { ...one, body: Uint8Array.from(one.body) } : one))).toEqual(commands)
    }),
  )
})

test.each<[string, unknown]>([
  ['no list', { kind: 'stop', id: 'a' }],
  ['an unknown kind', [{ kind: 'dance', id: 'a' }]],
  ['no id', [{ kind: 'stop' }]],
  ['an id that is too long', [{ kind: 'stop', id: 'x'.repeat(65) }]],
  ['a stage below 0', [{ kind: 'stop', id: 'a', stage: -1 }]],
  ['an ordinal that is no whole number', [{ kind: 'join', id: 'a', host: 'h', ordinal: 0.5 }]],
  ['mail of another kind', [{ kind: 'mail', id: 'a', mail: 'pressure', body: new Uint8Array() }]],
  ['mail that is text', [{ kind: 'mail', id: 'a', mail: 'profile', body: 'x' }]],
])('%s is CP_WIRE', (_, data) => {
  expect(() => placedCommands(data)).toThrow('CP_WIRE commands')
})

test('anything else is CP_WIRE, in one line', () => {
  fc.assert(
    fc.property(fc.anything(), (data) => {
      try {
        expect(placedCommands(data)).toEqual([])
      } catch (error) {
        expect(error).toBeInstanceOf(ColdpoolError)
        expect((error as Error).message).not.toContain('\n')
      }
    }),
  )
})

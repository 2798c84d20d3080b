import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Script, type Stamped } from './command.ts'
import { NEVER } from './time.ts'

const stamped = fc
  .tuple(fc.nat(20), fc.nat(1e6))
  .map(([quantum, n]): Stamped => ({ quantum, command: { kind: 'stop', id: `workload-${n}` } }))

test('a script is in the order of quanta, and within one in the order of arrival', () => {
  fc.assert(
    fc.property(fc.array(stamped), (given) => {
      expect(new Script(given).commands).toEqual(given.toSorted((x, y) => x.quantum - y.quantum))
    }),
  )
})

test('what it gives at and before a quantum, and where it goes on, is what a search of the whole finds', () => {
  fc.assert(
    fc.property(fc.array(stamped), fc.integer({ min: -1, max: 22 }), (given, quantum) => {
      const script = new Script(given)
      const ordered = script.commands
      const commands = (those: readonly Stamped[]) => those.map(({ command }) => command)
      expect(script.at(quantum)).toEqual(commands(ordered.filter((one) => one.quantum === quantum)))
      expect(script.before(quantum)).toEqual(commands(ordered.filter((one) => one.quantum < quantum)))
      expect(script.nextFrom(quantum)).toBe(ordered.find((one) => one.quantum >= quantum)?.quantum ?? NEVER)
    }),
  )
})

test('it grows while it is played: what comes later is found, whatever it was asked before', () => {
  const script = new Script()
  expect(script.nextFrom(0)).toBe(NEVER)
  script.add({ quantum: 7, command: { kind: 'stop', id: 'late' } })
  script.add({ quantum: 3, command: { kind: 'stop', id: 'early' } })
  expect(script.nextFrom(0)).toBe(3)
  expect(script.nextFrom(4)).toBe(7)
  expect(script.before(8).map(({ id }) => id)).toEqual(['early', 'late'])
})

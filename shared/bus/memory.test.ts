import { expect, test } from 'vitest'
import { decodeBag, encodeBag } from '../codec.ts'
import { InvariantError } from '../errors.ts'
import { Stage } from '../stage.ts'
import { busContract } from './contract.ts'
import { Scribe } from './gossip.fixture.ts'
import { MemoryBus } from './memory.ts'

busContract('memory', () => new MemoryBus())
busContract('memory (every bag through the codec)', () => new MemoryBus((bag) => decodeBag(encodeBag(bag))))

test('a stage joins once', async () => {
  const bus = new MemoryBus()
  const stage = new Stage(0, [], () => 0)
  await bus.join(0, stage)
  expect(() => bus.join(0, stage)).toThrow(InvariantError)
})

test('a bag for a stage that never joined is a bug', async () => {
  const bus = new MemoryBus()
  await bus.join(0, new Stage(0, [new Scribe(0, [], { 0: [[1, 1]] })], (ordinal) => ordinal))
  expect(() => bus.grant({ quantum: 0, observe: false, final: false })).toThrow(/invariant broken: a bag is addressed to stage 1/)
})

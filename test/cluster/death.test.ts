import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from './cluster.fixture.ts'
import type { Moment } from './doom.ts'
import { expectAsOnMemory } from './reference.fixture.ts'
import { NOTHING_STORED, STAGES, TROUBLED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

/** So slow that a second set of snapshots is taken before the run is over, however slow the machine is. */
const SLOW = '0.1x'

/** When, in the life of the process: at which moment, how many sets it must have seen, how many such moments pass first. */
type When = readonly [when: string, moment: Moment, sets: number, spared: number]

const EARLY: When = ['between bags and done, before the first set of snapshots', 'bags', 0, 10]
const LATER: readonly When[] = [
  ['after a done, behind a whole set', 'done', 2, 1],
  ['during the second set', 'set', 2, 0],
]
const OF_A_HOST: readonly When[] = [
  EARLY,
  ['after a done, before the first set', 'done', 0, 12],
  ['between bags and done, behind a whole set', 'bags', 2, 3],
  ['during the first set', 'set', 1, 0],
  ['during the second set', 'set', 2, 0],
]
const OF_THE_CONDUCTOR: readonly When[] = [
  ['before a grant, and before the first set', 'grant', 0, 12],
  ['during the first set', 'set', 1, 0],
  ['before a grant, behind a whole set', 'grant', 2, 3],
  ['when all are done, behind a whole set', 'done', 2, 2],
  ['during the second set', 'set', 2, 0],
]

describe.skipIf(noServer())('a run gives the same when', () => {
  let server: NatsServer
  let cluster: Cluster

  beforeAll(async () => {
    server = await NatsServer.start()
    cluster = new Cluster(server)
    cluster.start(STAGES, 'doomed')
  })

  afterAll(async () => {
    await cluster.stop()
    await server.stop()
  })

  describe.each([
    ['host-1', OF_A_HOST],
    ['device-1', [EARLY, ...LATER]],
    ['promoter-1', [EARLY, ...LATER]],
    ['workload-1', [EARLY, ...LATER]],
  ] as const)('%s is killed', (victim, whens) => {
    test.each(whens)('%s', async (_, moment, sets, spared) => {
      const lives = cluster.of(victim).lives
      cluster.doom(victim, { moment, sets, spared })
      const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
      await cluster.of(victim).death
      await cluster.pace('max')
      await expectAsOnMemory(await run.ended(), TROUBLED)
      expect(cluster.of(victim).lives).toBe(lives + 1)
      expectRecovery(sets > 1)
      expect(await server.stored()).toEqual(NOTHING_STORED)
    })
  })

  describe('the conductor is killed', () => {
    test.each(OF_THE_CONDUCTOR)('%s', async (_, moment, sets, spared) => {
      cluster.doom('conductor', { moment, sets, spared })
      const run = await cluster.conduct(TROUBLED, { paces: [SLOW, 'max'] })
      await expectAsOnMemory(await run.ended(), TROUBLED)
      expect(run.conductor.lives).toBe(2)
      expectRecovery(sets > 1)
      expect(await server.stored()).toEqual(NOTHING_STORED)
    })
  })

  /** There was one, from the last whole set or from the start. */
  function expectRecovery(restored: boolean): void {
    for (const name of STAGES) {
      const ready = cluster.of(name).log.findLast(({ message }) => message === 'ready')
      expect(ready).toMatchObject({ generation: 2, restored })
    }
  }
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { amended } from '../amended.fixture.ts'
import { Cluster } from './cluster.fixture.ts'
import type { Moment } from './doom.ts'
import { expectAsOnMemory } from './reference.fixture.ts'
import { NOTHING_STORED, SLOW, STAGES, TROUBLED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

/** So long that it outlasts a few deaths, each behind two sets of snapshots, however slow the machine is. */
const LONG = amended(TROUBLED, 'duration=3s')

/** When, in a life of the process: at which moment, how many sets it must have seen, how many such moments pass first. */
type When = readonly [when: string, moment: Moment, sets: number, spared: number]

const EARLY: When = ['between bags and done, before the first set of snapshots', 'bags', 0, 2]
const LATER: readonly When[] = [
  ['after a done, behind a whole set', 'done', 2, 1],
  ['during the second set', 'set', 2, 0],
]
const OF_A_HOST: readonly When[] = [
  EARLY,
  ['after a done, before the first set', 'done', 0, 3],
  ['during the first set', 'set', 1, 0],
  ['between bags and done, behind a whole set', 'bags', 2, 3],
  ['during the second set', 'set', 2, 0],
]
const OF_THE_CONDUCTOR: readonly When[] = [
  ['before a grant, and before the first set', 'grant', 0, 3],
  ['during the first set', 'set', 1, 0],
  ['before a grant, behind a whole set', 'grant', 2, 3],
  ['when all are done, behind a whole set', 'done', 2, 2],
  ['during the second set', 'set', 2, 0],
]
const DEATHS = [
  ['host-1', OF_A_HOST],
  ['device-1', [EARLY, ...LATER]],
  ['promoter-1', [EARLY, ...LATER]],
  ['workload-1', [EARLY, ...LATER]],
  ['conductor', OF_THE_CONDUCTOR],
] as const

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

  for (const [victim, whens] of DEATHS) {
    test(`${victim} is killed ${whens.map(([when]) => when).join('; ')}`, async () => {
      const run = await cluster.conduct(LONG, { paces: [SLOW] })
      const doomed = cluster.of(victim)
      const { lives } = doomed
      for (const [, moment, sets, spared] of whens) {
        // Before it can live again: its first moments count too.
        cluster.doom(victim, { moment, sets, spared })
        await doomed.death
      }
      await cluster.pace('max')
      await expectAsOnMemory(await run.ended(), LONG)
      expect(doomed.lives).toBe(lives + whens.length)
      expectRecoveries(whens.map(([, , sets]) => sets > 1))
      expect(await server.stored()).toEqual(NOTHING_STORED)
    })
  }

  /** There was one after each death, from the last whole set or from the start. */
  function expectRecoveries(restored: readonly boolean[]): void {
    for (const name of STAGES) {
      const readies = cluster.of(name).log.filter(({ message }) => message === 'ready')
      const { run } = readies.at(-1)!
      const ofThisRun = readies.filter((ready) => ready['run'] === run).map((ready) => [ready['generation'], ready['restored']])
      expect(ofThisRun).toEqual([false, ...restored].map((from, i) => [i + 1, from]))
    }
  }
})

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster, type Run } from './cluster.fixture.ts'
import { expectAsOnMemory } from './reference.fixture.ts'
import { NOTHING_STORED, SLOW, STAGES, TROUBLED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

/** Long enough that the clients see that nobody is there, and try in vain. */
const AWAY_MS = 700

describe.skipIf(noServer())('a run rides out the death of the NATS server, which comes back with its store,', () => {
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

  test('twice', async () => {
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    for (const setsUntil of [0, 0.05]) {
      await cluster.until(({ state, lastSetSeconds }) => state === 'running' && lastSetSeconds >= setsUntil)
      await server.kill()
      await sleep(AWAY_MS)
      await server.restart()
    }
    await cluster.until(({ state }) => state === 'running')
    expect(await endOf(run)).toMatchObject({ generation: 1 })
  })

  // A run each: a set that took so long to store puts off the next.
  test.each([1, 2])('while set number %i is being stored', async (sets) => {
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    cluster.doom('host-1', { moment: 'set', sets, spared: 0, victim: server.pid })
    await server.death
    await sleep(AWAY_MS)
    await server.restart()
    // The set becomes whole all the same.
    await cluster.until(({ lastSetSeconds }) => lastSetSeconds >= 0)
    expect(await endOf(run)).toMatchObject({ generation: 1 })
  })

  test('while all recover from the death of a host, before the first set, and again behind two', async () => {
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    for (const sets of [0, 2]) {
      cluster.doom('host-1', { moment: 'bags', sets, spared: 5 })
      await cluster.of('host-1').death
      // As a new process says hello, the others are told to go back.
      await cluster.until(({ state }) => state === 'recovering' || state === 'running')
      await server.kill()
      await sleep(AWAY_MS)
      await server.restart()
    }
    expect(await endOf(run)).toMatchObject({ state: 'ended' })
  })

  /** Gives the last status. */
  async function endOf(run: Run): Promise<object> {
    await cluster.pace('max')
    await expectAsOnMemory(await run.ended(), TROUBLED)
    expect(run.conductor.lives).toBe(1)
    expect(await server.stored()).toEqual(NOTHING_STORED)
    return cluster.status!
  }
})

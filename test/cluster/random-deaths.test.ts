import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fork, Stream } from '#shared/random.ts'
import { amended } from '../amended.fixture.ts'
import { Cluster } from './cluster.fixture.ts'
import { expectAsOnMemory } from './reference.fixture.ts'
import { NOTHING_STORED, STAGES, TROUBLED, TROUBLED_APART, WHOLE_STAGES } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

const KILLS = 20
const GAP_MS_MAX = 1200
const AWAY_MS_MAX = 600
/** Many quanta, so that a kill often falls into the midst of one. */
const FINE = amended(TROUBLED, 'quantum=1ms')
const SEED = Number(process.env['FC_SEED'] ?? 20251016)

describe.skipIf(noServer())('in one run', () => {
  let server: NatsServer
  let cluster: Cluster

  beforeAll(async () => {
    server = await NatsServer.start()
    cluster = new Cluster(server)
    cluster.start(STAGES)
  })

  afterAll(async () => {
    await cluster.stop()
    await server.stop()
  })

  test(`${KILLS} random kills, of stages, conductor and server, change nothing (seed ${SEED})`, async () => {
    const stream = new Stream(fork(SEED, 'kills'))
    // So slow that no number of kills outlasts it.
    const run = await cluster.conduct(FINE, { paces: ['0.025x'] })
    await cluster.until(({ state }) => state === 'running')
    const victims = [...STAGES, 'conductor', 'server']
    const killed: string[] = []
    let back: Promise<void> = Promise.resolve()
    while (killed.length < KILLS) {
      await sleep(stream.unit() * GAP_MS_MAX)
      // Nobody is left out.
      const spared = victims.filter((name) => !killed.includes(name))
      const among = killed.length + spared.length < KILLS ? victims : spared
      const victim = among[stream.below(among.length)]!
      const awayMs = stream.unit() * AWAY_MS_MAX
      killed.push(victim)
      if (victim === 'server') {
        await back
        await server.kill()
        // Others may die while it is away.
        back = sleep(awayMs).then(() => server.restart())
      } else await cluster.of(victim).killLiving()
    }
    await back
    await cluster.pace('max')
    await expectAsOnMemory(await run.ended(), FINE)
    const lives = [...STAGES, 'conductor'].map((name) => cluster.of(name).lives)
    expect(lives.reduce((sum, count) => sum + count - 1, 0)).toBeGreaterThanOrEqual(
      killed.filter((name) => name !== 'server').length,
    )
    expect(await server.stored()).toEqual(NOTHING_STORED)
  })
})

describe.skipIf(noServer())('in one run whose stages step ahead', () => {
  let server: NatsServer
  let cluster: Cluster

  beforeAll(async () => {
    server = await NatsServer.start()
    cluster = new Cluster(server)
    cluster.start(WHOLE_STAGES, 'doomed')
  })

  afterAll(async () => {
    await cluster.stop()
    await server.stop()
  })

  test(`random kills, of stages and conductor, change nothing (seed ${SEED})`, async () => {
    const stream = new Stream(fork(SEED, 'kills ahead'))
    const run = await cluster.conduct(TROUBLED_APART)
    await cluster.until(({ lastSetSeconds }) => lastSetSeconds > 0)
    const victims = [...WHOLE_STAGES, 'conductor'] as const
    const kills = [...victims, ...victims]
      .map((victim) => ({ victim, order: stream.unit() }))
      .toSorted((x, y) => x.order - y.order)
    for (const { victim } of kills) {
      await sleep(stream.unit() * GAP_MS_MAX)
      await cluster.of(victim).killLiving()
    }
    const { virtualSeconds } = cluster.status!
    await expectAsOnMemory(await run.ended(), TROUBLED_APART)
    for (const name of victims) expect(cluster.of(name).lives).toBeGreaterThanOrEqual(3)
    expect(virtualSeconds).toBeLessThan(40)
    for (const name of WHOLE_STAGES)
      expect(cluster.of(name).log).toContainEqual(expect.objectContaining({ message: 'ready', restored: true }))
    expect(await server.stored()).toEqual(NOTHING_STORED)
  })
})

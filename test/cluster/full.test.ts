import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from './cluster.fixture.ts'
import { expectAsOnMemory } from './reference.fixture.ts'
import { NOTHING_STORED, STAGES, TROUBLED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'
import type { Environment } from './supervised.fixture.ts'

const SLOW = '0.025x'

describe.skipIf(noServer()).concurrent('a run whose', () => {
  /** Limits hold for a whole server. */
  let servers: NatsServer[]
  let clusters: Cluster[]

  beforeAll(async () => {
    servers = await Promise.all([1, 2, 3].map(() => NatsServer.start()))
    clusters = servers.map((server) => new Cluster(server))
    for (const cluster of clusters) cluster.start(STAGES)
  })

  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()))
    await Promise.all(servers.map((server) => server.stop()))
  })

  test('snapshots find no room waits until there is some', async () => {
    const [cluster] = clusters as [Cluster]
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW], env: { COLDPOOL_SNAPSHOT_BYTES: '600000' } })
    const { quantum } = await cluster.until(({ state }) => state === 'full')
    // It stands still, and has no set.
    expect(await cluster.until(() => true)).toMatchObject({ state: 'full', quantum, lastSetSeconds: -1 })
    expect(cluster.of('conductor').text + cluster.of('host-1').text).toContain('a snapshot cannot be stored; trying again')
    await cluster.server.limit('coldpool-snapshots', { max_bytes: 2 ** 30, max_msgs: 1000 })
    await cluster.until((status) => status.state === 'running' && status.quantum > quantum && status.lastSetSeconds >= 0)
    await cluster.pace('max')
    await expectAsOnMemory(await run.ended(), TROUBLED)
    expect(cluster.status).toMatchObject({ state: 'ended', generation: 1 })
    expect(await cluster.server.stored()).toEqual(NOTHING_STORED)
  })

  test('journal is full refuses commands and waits, and a conductor with more room goes on', async () => {
    const [, cluster] = clusters as [Cluster, Cluster]
    const env = (life: number): Environment => ({ COLDPOOL_JOURNAL_BYTES: life === 1 ? '4000' : '1000000' })
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW, 'max'], env })
    const injected = await fill(cluster)
    const { quantum } = await cluster.until(({ state }) => state === 'full')
    expect(await cluster.until(() => true)).toMatchObject({ state: 'full', quantum })
    await run.conductor.killLiving()
    await expectReproduced(cluster, await run.ended(), injected)
  })

  test('journal is full waits with a recovery too, until it has more room', async () => {
    const [, , cluster] = clusters as [Cluster, Cluster, Cluster]
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW], env: { COLDPOOL_JOURNAL_BYTES: '4000' } })
    const injected = await fill(cluster)
    await cluster.of('host-1').killLiving()
    await cluster.until(({ state }) => state === 'full')
    await cluster.server.limit('coldpool-journal', { max_bytes: 1_000_000 })
    await cluster.until(({ state, generation }) => state === 'running' && generation === 2)
    await cluster.pace('max')
    await expectReproduced(cluster, await run.ended(), injected)
    expect(run.conductor.lives).toBe(1)
  })

  /** With commands; gives how many were taken until one is refused. */
  async function fill(cluster: Cluster): Promise<number> {
    await cluster.until(({ state }) => state === 'running')
    const inject = 'inject --host host-2 --kind scan --size 1MiB --rate 10MB/s'.split(' ')
    for (let injected = 0; ; injected++) {
      const { code, stderr } = await cluster.coldpool(...inject)
      if (code === 0) continue
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^CP_JOURNAL journal: .*; expected room for the command\n$/)])
      expect(injected).toBeGreaterThan(0)
      return injected
    }
  }

  async function expectReproduced(cluster: Cluster, folder: string, injected: number): Promise<void> {
    const injections = readFileSync(join(folder, 'injections.yaml'), 'utf8')
    expect(injections.match(/inject: /g)).toHaveLength(injected)
    await expectAsOnMemory(folder, TROUBLED, injections)
    expect(await cluster.server.stored()).toEqual(NOTHING_STORED)
  }
})

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from './cluster.fixture.ts'
import { expectAsOnMemory } from './reference.fixture.ts'
import { SLOW, STAGES, TROUBLED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

/** A process is silent when nothing was heard of it for 5 s. */
const SILENCE_MS = 7000

describe.skipIf(noServer()).concurrent('a host that falls silent', () => {
  let server: NatsServer
  const clusters: Cluster[] = []

  beforeAll(async () => {
    server = await NatsServer.start()
  })

  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()))
    await server.stop()
  })

  function clusterOf(names: readonly string[]): Cluster {
    const cluster = new Cluster(server)
    clusters.push(cluster)
    cluster.start(names)
    return cluster
  }

  test('is named, and waited for if nobody stands by', async () => {
    const cluster = clusterOf(STAGES)
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    await cluster.until(({ lastSetSeconds }) => lastSetSeconds >= 0)
    cluster.of('host-1').signal('SIGSTOP')
    const { quantum, remark } = await cluster.until(
      (status) => status.remark !== '' && status.stages.some(({ state }) => state === 'silent'),
    )
    expect(remark).toBe('waiting for host-1, which has said nothing for 5 s')
    await sleep(SILENCE_MS - 5000)
    expect(cluster.status).toMatchObject({ quantum, generation: 1 })
    expect(cluster.status!.stages.filter(({ state }) => state !== 'live').map(({ name }) => name)).toEqual(['host-1'])
    cluster.of('host-1').signal('SIGCONT')
    await cluster.until((status) => status.quantum > quantum && status.remark === '')
    await cluster.pace('max')
    await expectAsOnMemory(await run.ended(), TROUBLED)
    expect(cluster.status).toMatchObject({ state: 'ended', generation: 1 })
    expect(messagesOf(cluster)).toContain('a stage is silent; the run waits for it')
  })

  test('is replaced by one that stands by; when it comes back it is told to go, and its mail is dropped', async () => {
    const cluster = clusterOf(STAGES)
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    // Too late to be given anything.
    await cluster.until(({ state }) => state === 'running')
    cluster.start(['host-3'])
    const before = await cluster.until(({ lastSetSeconds, standby }) => lastSetSeconds >= 0 && standby.length > 0)
    expect(before.standby).toEqual(['host-3'])
    cluster.of('host-1').signal('SIGSTOP')
    const after = await cluster.until(({ generation, state }) => generation === 2 && state === 'running')
    expect(after.stages.map(({ name }) => name)).toContain('host-3')
    expect(messagesOf(cluster)).toContain('a stage is silent; the run waits for it')

    const old = after.dropped['old'] ?? 0
    cluster.of('host-1').signal('SIGCONT')
    await cluster.until(({ standby, dropped }) => standby.includes('host-1') && dropped['old']! > old)
    expect(cluster.of('host-1').log.at(-1)).toMatchObject({
      message: 'standing by',
      reason: 'another process has taken your place',
    })
    await cluster.pace('max')
    await expectAsOnMemory(await run.ended(), TROUBLED)
    expect(cluster.status).toMatchObject({ state: 'ended', generation: 2 })
  })

  function messagesOf(cluster: Cluster): string[] {
    return cluster.of('conductor').log.map(({ message }) => message)
  }
})

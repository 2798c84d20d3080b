import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeControl, decodeControl, type ControlOf } from '#shared/bus/control.ts'
import { NatsWire } from '#shared/bus/nats.ts'
import { subject } from '#shared/bus/wire.ts'
import { lobby } from '#simulation/cluster/crew.ts'
import { Cluster } from './cluster.fixture.ts'
import { expectAsOnMemory } from './reference.fixture.ts'
import { SLOW, STAGES, TROUBLED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

describe.skipIf(noServer()).concurrent('a cluster', () => {
  let server: NatsServer
  let wire: NatsWire
  const clusters: Cluster[] = []

  beforeAll(async () => {
    server = await NatsServer.start()
    wire = await NatsWire.connect({ servers: server.url, name: 'stranger' })
  })

  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()))
    await wire.close()
    await server.stop()
  })

  function clusterOf(names: readonly string[]): Cluster {
    const cluster = new Cluster(server)
    clusters.push(cluster)
    cluster.start(names)
    return cluster
  }

  test('refuses a process of another version, and says why', async () => {
    const cluster = clusterOf(STAGES)
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    await cluster.until(({ state }) => state === 'running')
    const { promise, resolve } = Promise.withResolvers<string>()
    wire.subscribe(subject(lobby(cluster.name), 'call', 'conductor', 'old-1'), (bytes) => {
      const { kind, body } = decodeControl(bytes)
      if (kind === 'refuse') resolve(body.reason)
    })
    wire.publish(subject(lobby(cluster.name), 'hello', 'host', 'conductor'), encodeControl('hello', OLD))
    await wire.flush()
    expect(await promise).toMatch(
      /^got coldpool 0\.0\.1 \(protocol 0123456789abcdef\) for a conductor of coldpool .* \(protocol /,
    )
    await cluster.wait(() => /refused a process/.exec(cluster.of('conductor').text))
    await cluster.pace('max')
    await expectAsOnMemory(await run.ended(), TROUBLED)
  })

  test('ends a process that is refused with one clear line and exit code 2', async () => {
    const cluster = clusterOf(['host-1'])
    wire.subscribe(subject(lobby(cluster.name), 'hello', 'host', 'conductor'), (bytes) => {
      const { kind, body } = decodeControl(bytes)
      if (kind !== 'hello') return
      const reason = 'got coldpool 9 for a conductor of coldpool 8'
      wire.publish(subject(lobby(cluster.name), 'call', 'conductor', body.instance), encodeControl('refuse', { reason }))
    })
    await expect(cluster.of('host-1').ended).rejects.toThrow(
      /ended with 2:\n[^]*^CP_REFUSED host-1: got coldpool 9 for a conductor of coldpool 8; expected one version of coldpool in a cluster/m,
    )
  })

  test('gives a name to the process that came last, and tells the other', async () => {
    const cluster = clusterOf(STAGES)
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    await cluster.until(({ lastSetSeconds }) => lastSetSeconds >= 0)
    const first = cluster.of('host-1')
    cluster.start(['host-1'])
    await cluster.wait(() => /^CP_REFUSED host-1: the name host-1 is taken by another process; expected/m.exec(first.text))
    // Started again it would be the last to come.
    await first.stop()
    await cluster.until(({ state, generation }) => state === 'running' && generation > 1)
    await cluster.pace('max')
    await expectAsOnMemory(await run.ended(), TROUBLED)
  })

  test('has one conductor: one that comes back while another has taken the run ends, and leaves it alone', async () => {
    const cluster = clusterOf(STAGES)
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW], failuresMax: 1 })
    await cluster.until(({ lastSetSeconds }) => lastSetSeconds >= 0)
    run.conductor.signal('SIGSTOP')
    const other = await cluster.conduct(TROUBLED, { paces: [SLOW], name: 'conductor-2' })
    await cluster.until(({ state, generation }) => state === 'running' && generation === 2)
    run.conductor.signal('SIGCONT')
    await expect(run.conductor.ended).rejects.toThrow(/ended with 2:\n[^]*^CP_SUPERSEDED .*another conductor/m)
    await cluster.pace('max')
    await other.conductor.ended
    await expectAsOnMemory(run.folder, TROUBLED)
  })
})

const OLD: ControlOf<'hello'> = {
  schema: '0123456789abcdef',
  version: '0.0.1',
  name: 'host-9',
  instance: 'old-1',
  roles: ['host'],
  capacity: 0,
  run: '',
  generation: 0,
  stage: 0,
  answer: '',
  dropped: {},
  beat: 1,
}

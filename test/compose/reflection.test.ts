/**
 * Rights do not bind the server itself: whoever asks JetStream something names the subject of its answer. These tests have
 * stages ask for answers where they may not speak, and write where something is written already.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NatsWire } from '#shared/bus/nats.ts'
import { JetStreamStore } from '#shared/observe/journal.ts'
import { ConfiguredServer } from './nats-server.fixture.ts'
import { isMissing } from './tool.fixture.ts'

const STAGES = ['host', 'device', 'promoter', 'workload']
const RECORDS = 5
const SETTLED_MS = 200

describe.skipIf(isMissing('nats-server', '--version'))('an answer of JetStream', () => {
  let server: ConfiguredServer
  let manager: JetStreamManager
  const connections: NatsConnection[] = []

  async function login(user: string): Promise<NatsConnection> {
    const connection = await server.connect(user)
    connections.push(connection)
    return connection
  }

  beforeAll(async () => {
    server = await ConfiguredServer.start()
    const conductor = await login('conductor')
    manager = await jetstreamManager(conductor)
    await manager.streams.add({ name: 'coldpool-journal', subjects: ['coldpool.*.journal.>'] })
    await manager.streams.add({ name: 'coldpool-snapshots', subjects: ['coldpool.*.snapshot.>'], allow_direct: true })
    for (let i = 0; i < RECORDS; i++) await jetstream(conductor).publish('coldpool.run.journal.conductor.command', `${i}`)
  })

  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()))
    await server.stop()
  })

  test.each(STAGES)('that %s has sent to JetStream’s own API deletes and purges nothing', async (role) => {
    const stage = await login(role)
    const mine = `coldpool.run.snapshot.${role}.object.0`
    await jetstream(stage).publish(mine, '')
    for (const stream of ['coldpool-journal', 'coldpool-snapshots']) {
      for (const request of ['DELETE', 'PURGE']) {
        const reply = `$JS.API.STREAM.${request}.${stream}`
        // An acknowledgement, which a purge would read as a place in the stream, and an empty message read back.
        stage.publish(`coldpool.run.snapshot.${role}.acknowledged.0`, 'pages', { reply })
        stage.publish(`$JS.API.DIRECT.GET.coldpool-snapshots.${mine}`, '', { reply })
      }
    }
    await stage.flush()
    await sleep(SETTLED_MS)
    expect((await manager.streams.info('coldpool-journal')).state.messages).toBe(RECORDS)
    expect((await manager.streams.info('coldpool-snapshots')).state.first_seq).toBe(1)
  })

  test('that a stage has sent in the name of another is counted and dropped by stages, and does not reach the conductor', async () => {
    const stage = await login('host')
    const mine = 'coldpool.run.snapshot.host.forged.0'
    await jetstream(stage).publish(mine, 'a grant that nobody gave')
    const cases = [
      ['device', 'coldpool.run.grant.conductor.all', { stranger: 1 }],
      ['device', 'coldpool.run.bag.promoter.2', { stranger: 1 }],
      ['conductor', 'coldpool.run.done.promoter.conductor', {}],
    ] as const
    for (const [user, subject, counts] of cases) {
      const wire = await NatsWire.connect({ servers: server.url, user, password: server.passwordOf(user), name: user })
      const heard: string[] = []
      wire.subscribe(subject, (bytes) => heard.push(Buffer.from(bytes).toString()))
      await wire.flush()
      stage.publish(`$JS.API.DIRECT.GET.coldpool-snapshots.${mine}`, '', { reply: subject })
      await stage.flush()
      await sleep(SETTLED_MS)
      expect(heard, subject).toEqual([])
      expect(wire.dropped.counts, subject).toEqual(counts)
      await wire.close()
    }
  })

  test('or of the conductor goes to whoever asked, and nowhere else', async () => {
    const conductor = await login('conductor')
    const grants: string[] = []
    conductor.subscribe('coldpool.*.grant.>', { callback: (_, { subject }) => void grants.push(subject) })
    const wire = await NatsWire.connect({
      servers: server.url,
      user: 'conductor',
      password: server.passwordOf('conductor'),
      name: 'desk',
    })
    wire.serve('coldpool.lobby.command.operator.conductor', () => Promise.resolve(Buffer.from('answered')))
    await wire.flush()
    const operator = await login('operator')
    const answer = await operator.request('coldpool.lobby.command.operator.conductor', 'please')
    expect(answer.string()).toBe('answered')
    operator.publish('coldpool.lobby.command.operator.conductor', '', { reply: 'coldpool.run.grant.conductor.all' })
    conductor.publish('coldpool.lobby.command.operator.conductor', '', { reply: 'coldpool.run.grant.conductor.all' })
    await operator.flush()
    await sleep(SETTLED_MS)
    expect(grants).toEqual([])
    await wire.close()
  })
})

test.skipIf(isMissing('nats-server', '--version'))('a chunk of a snapshot is written once, by its own role too', async () => {
  const server = await ConfiguredServer.start()
  const wires = await Promise.all(
    ['conductor', 'host'].map((user) =>
      NatsWire.connect({ servers: server.url, user, password: server.passwordOf(user), name: user }),
    ),
  )
  try {
    await JetStreamStore.create(wires[0]!, { journalBytes: 1 << 20, snapshotBytes: 1 << 20, replicas: 1 })
    const store = await JetStreamStore.open(wires[1]!)
    const chunk = 'coldpool.run.snapshot.host.object.0'
    const place = await store.append(chunk, Buffer.from('pages'), 'first')
    // Our own second try, long after the first, counts as done.
    expect(await store.append(chunk, Buffer.from('pages'), 'late')).toBe(place)
    wires[1]!.publish(chunk, Buffer.from('rubbish'))
    await wires[1]!.flush()
    await sleep(SETTLED_MS)
    expect(Buffer.from((await store.read(chunk))!).toString()).toBe('pages')
  } finally {
    for (const wire of wires) await wire.close()
    await server.stop()
  }
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NatsWire } from '#shared/bus/nats.ts'
import { JetStreamStore, STREAM_LIMITS } from '#shared/observe/journal.ts'
import { SNAPSHOT_STREAM } from '#shared/observe/store.ts'
import { NatsServer, noServer } from '../cluster/server.fixture.ts'

describe.skipIf(noServer())('on a JetStream that is new', () => {
  let server: NatsServer
  let wire: NatsWire

  beforeAll(async () => {
    server = await NatsServer.start()
    wire = await NatsWire.connect({ servers: server.url, name: 'journal' })
  })

  afterAll(async () => {
    await wire.close()
    await server.stop()
  })

  test('what lies behind a place stays when it is trimmed, also behind the first', async () => {
    const store = await JetStreamStore.create(wire, STREAM_LIMITS)
    const subjects = ['a', 'b', 'c'].map((object) => `coldpool.run.snapshot.host.${object}.0`)
    for (const subject of subjects) await store.append(subject, Buffer.from(subject), subject)
    const kept = async (): Promise<boolean[]> =>
      Promise.all(subjects.map(async (subject) => (await store.read(subject)) !== undefined))

    await store.trim(SNAPSHOT_STREAM, 'coldpool.run.snapshot.>', 1)
    expect(await kept()).toEqual([true, true, true])
    await store.trim(SNAPSHOT_STREAM, 'coldpool.run.snapshot.>', 3)
    expect(await kept()).toEqual([false, false, true])
    await store.trim(SNAPSHOT_STREAM, 'coldpool.run.snapshot.>')
    expect(await kept()).toEqual([false, false, false])
  })
})

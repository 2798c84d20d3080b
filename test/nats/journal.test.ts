import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NatsWire } from '#shared/bus/nats.ts'
import { JetStreamStore, STREAM_LIMITS } from '#shared/observe/journal.ts'
import { putSnapshot } from '#shared/observe/snapshots.ts'
import { SNAPSHOT_STREAM } from '#shared/observe/store.ts'
import { FIRST_GRANT } from '#services/conductor/grants.ts'
import { CONDUCTOR_SLOT } from '#simulation/cluster/placement.ts'
import { RunJournal } from '#simulation/cluster/run-journal.ts'
import { NatsServer, noServer } from '../cluster/server.fixture.ts'

const MIB = 2 ** 20

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

describe.skipIf(noServer())('on a JetStream with little room', () => {
  // nats-server 2.9 counts what a filtered purge has removed as used for ever; the store was full after some sets.
  test('sets of snapshots come and go, and the room that they took comes back', async () => {
    const server = await NatsServer.start(32 * MIB)
    const wire = await NatsWire.connect({ servers: server.url, name: 'journal' })
    try {
      const store = await JetStreamStore.create(wire, { journalBytes: MIB, snapshotBytes: 16 * MIB, replicas: 1 })
      const journal = await RunJournal.open(store, 'lobby-x', {
        run: 'r',
        scenario: '',
        folder: '',
        secret: '',
        openedMs: 0,
        script: [],
      })
      await journal.nextGeneration()
      const placement = { slots: [CONDUCTOR_SLOT], stageOf: [0] }
      const full = new AbortController()
      for (let first = 1; first <= 24; first++) {
        const put = (bytes: number) =>
          putSnapshot(store, { run: 'r', role: 'conductor' }, new Uint8Array(bytes), full.signal, (error) => full.abort(error))
        const [stage, ledger] = [await put(3 * MIB), await put(1000)]
        await journal.whole({ set: `s-${first}`, first, state: FIRST_GRANT, placement, stages: [stage], ledger })
      }
      expect(await server.stored()).toMatchObject({ [SNAPSHOT_STREAM]: 7 })
      await journal.close()
      expect(await server.stored()).toEqual({ [SNAPSHOT_STREAM]: 0, 'coldpool-journal': 0 })
    } finally {
      await wire.close()
      await server.stop()
    }
  })
})

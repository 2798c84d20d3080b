import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NatsWire } from '#shared/bus/nats.ts'
import { subject } from '#shared/bus/wire.ts'
import { JetStreamStore } from '#shared/observe/journal.ts'
import { CHUNK_BYTES } from '#shared/observe/snapshots.ts'
import { StoreFull } from '#shared/observe/store.ts'
import { fork, Stream } from '#shared/random.ts'
import { NatsServer, noServer } from '../cluster/server.fixture.ts'

describe.skipIf(noServer())('a store that is full', () => {
  let server: NatsServer
  let wire: NatsWire

  beforeAll(async () => {
    server = await NatsServer.start()
    wire = await NatsWire.connect({ servers: server.url, name: 'store' })
  })

  afterAll(async () => {
    await wire.close()
    await server.stop()
  })

  test.each([3000, 4000, 5000, 6000, 7000, 8000])(
    'keeps what it has, to the first byte, of a journal of %i bytes',
    async (journalBytes) => {
      const store = await JetStreamStore.create(wire, { journalBytes, snapshotBytes: 1 << 20, replicas: 1 })
      const stream = new Stream(fork(journalBytes, 'records'))
      const records = subject(`run-${journalBytes}`, 'journal', 'conductor', 'command')
      const kept: number[] = []
      let refused = 0
      for (let i = 0; refused < 100; i++) {
        try {
          kept.push(await store.append(records, new Uint8Array(1 + stream.below(400)), `${journalBytes}-${i}`))
        } catch (error) {
          if (!(error instanceof StoreFull)) throw error
          refused++
        }
      }
      const found: number[] = []
      for (let at = 0; ;) {
        const record = await store.next(records, at + 1)
        if (!record) break
        found.push((at = record.sequence))
      }
      expect(found).toEqual(kept)
      await store.trim('coldpool-journal', records)
    },
  )

  test('keeps every chunk of a snapshot', async () => {
    const store = await JetStreamStore.create(wire, {
      journalBytes: 1 << 20,
      snapshotBytes: 8 * (CHUNK_BYTES + 512),
      replicas: 1,
    })
    const kept: string[] = []
    let refused = 0
    for (let i = 0; refused < 20; i++) {
      const chunk = `${subject('run', 'snapshot', 'host', 'x')}.${i}`
      try {
        await store.append(chunk, new Uint8Array(CHUNK_BYTES - i * 7), `chunk-${i}`)
        kept.push(chunk)
      } catch (error) {
        if (!(error instanceof StoreFull)) throw error
        refused++
      }
    }
    expect(kept).toHaveLength(8)
    for (const chunk of kept) expect(await store.read(chunk)).toBeDefined()
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NatsWire } from '#shared/bus/nats.ts'
import { NatsServer, noServer } from '../cluster/server.fixture.ts'

describe.skipIf(noServer())('a connection to a server that dies', () => {
  let server: NatsServer
  let wire: NatsWire

  beforeEach(async () => {
    server = await NatsServer.start()
    wire = await NatsWire.connect({ servers: server.url, name: 'wire' })
  })

  afterEach(async () => {
    await wire.close()
    await server.stop()
  })

  test('flushes when the server is back', async () => {
    const heard: string[] = []
    wire.subscribe('coldpool.x.bag.host.1', (bytes) => void heard.push(Buffer.from(bytes).toString()))
    await server.kill()
    const flushing = wire.flush()
    expect(await Promise.race([flushing, sleep(500, 'waits')])).toBe('waits')
    await server.restart()
    await flushing
    wire.publish('coldpool.x.bag.host.1', Buffer.from('again'))
    await wire.flush()
    expect(heard).toEqual(['again'])
  })

  test.each([0, 300])('can be closed while the server is away, %i ms after its death', async (milliseconds) => {
    await server.kill()
    await sleep(milliseconds)
    const flushing = wire.flush()
    await wire.close()
    await expect(flushing).resolves.toBeUndefined()
  })
})

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { busContract } from '#shared/bus/contract.ts'
import { NatsBus } from '#shared/bus/nats.ts'
import { findServer, type Server } from './server.fixture.ts'

const found = findServer()

describe.skipIf(found === undefined)(`over ${found?.name}`, () => {
  let server: Server

  beforeAll(async () => {
    server = await found!.start()
  }, 180_000)

  afterAll(() => server.stop())

  busContract('nats', () => new NatsBus({ servers: server.url, name: 'contract' }))

  test('a stage joins once, and before the first grant', async () => {
    const bus = new NatsBus({ servers: server.url, name: 'contract' })
    const handler = { step: () => ({ bags: [], report: { stage: 0, nextWake: 1, mails: 0, events: [] } }) }
    await bus.join(0, handler)
    await expect(bus.join(0, handler)).rejects.toThrow(/^CP_BUS stage 0: joins twice/)
    await bus.grant({ quantum: 0, observe: false, final: false })
    await expect(bus.join(1, handler)).rejects.toThrow(/^CP_BUS stage 1: joins twice or too late/)
    await bus.close()
  })
})

test('nobody at the address is one clear line', async () => {
  const bus = new NatsBus({ servers: 'nats://127.0.0.1:9', name: 'contract' })
  await bus.join(0, { step: () => ({ bags: [], report: { stage: 0, nextWake: 1, mails: 0, events: [] } }) })
  await expect(bus.grant({ quantum: 0, observe: false, final: false })).rejects.toThrow(
    /^CP_BUS nats:\/\/127\.0\.0\.1:9: .*; expected a NATS server that lets us in$/,
  )
})

describe('without a server', () => {
  test('CI fails, and says what is missing', () => {
    expect(() => findServer({ CI: 'true' }, () => false)).toThrow('Docker, NATS_URL and nats-server are missing, expected one')
  })

  test('a developer is told what is missing, and goes on', () => {
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(findServer({}, () => false)).toBeUndefined()
    expect(told).toHaveBeenCalledExactlyOnceWith('tests step aside: Docker, NATS_URL and nats-server are missing\n')
    told.mockRestore()
  })
})

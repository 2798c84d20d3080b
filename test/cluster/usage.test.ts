import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coldpool } from '#cli/coldpool.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

const NOWHERE = 'nats://127.0.0.1:9'

describe('a bus that nobody can reach is one clear line and exit code 2', () => {
  test.each([
    ['run', 'scenarios/calm.yaml', '--quiet'],
    ['run', 'scenarios/calm.yaml', '--quiet', '--processes'],
    ['status'],
    ['watch', '--plain'],
    ['workloads'],
    ['inject', '--host', 'host-1', '--kind', 'bear'],
    ['stop', 'bear'],
    ['pause'],
    ['pace', '1x'],
  ])('for %s', async (...argv) => {
    const { exitCode, stderr } = await coldpool(...argv, '--bus', NOWHERE)
    expect(stderr).toMatch(/^CP_BUS nats:\/\/127\.0\.0\.1:9: [^\n]*; expected a NATS server that lets us in\n$/)
    expect(exitCode).toBe(2)
  })
})

test.each([
  [
    ['run', 'scenarios/calm.yaml', '--processes'],
    /^CP_OPTION --processes: no bus is named; expected --bus nats:\/\/… as well\n$/,
  ],
  [
    ['run', 'scenarios/calm.yaml', '--cluster', 'x'],
    /^CP_OPTION --cluster: no bus is named; expected --bus nats:\/\/… as well\n$/,
  ],
  [
    ['run', 'scenarios/calm.yaml', '--bus', 'localhost'],
    /^CP_OPTION --bus: .*; expected an address such as nats:\/\/127\.0\.0\.1:4222\n$/,
  ],
  [['status'], /^CP_OPTION --bus: no bus is named; expected an address such as nats:\/\/127\.0\.0\.1:4222\n$/],
  [['pace', 'fast', '--bus', NOWHERE], /^CP_OPTION pace: got "fast"; expected max, or a multiple of real time/],
  [['run', 'scenarios/calm.yaml', '--log', 'info'], /^CP_OPTION --log: no bus is named; expected --bus nats:\/\/… as well\n$/],
  [
    ['run', 'scenarios/calm.yaml', '--bus', NOWHERE, '--processes', '--log', 'loud'],
    /^CP_OPTION --log: got "loud"; expected one of silent, error, warn, info\n$/,
  ],
  [
    ['stage', '--bus', NOWHERE, '--roles', 'host', '--log', 'loud'],
    /^CP_OPTION --log: got "loud"; expected one of silent, error, warn, info\n$/,
  ],
  [['stage', '--bus', NOWHERE, '--roles', 'king'], /^CP_OPTION --roles: got "king"; expected some of host, device/],
])('%j is wrong usage, one line and exit code 2', async (argv, line) => {
  const { exitCode, stderr } = await coldpool(...argv)
  expect(stderr).toMatch(line)
  expect(stderr.match(/\n/g)).toHaveLength(1)
  expect(exitCode).toBe(2)
})

describe.skipIf(noServer())('where nobody conducts', () => {
  let server: NatsServer

  beforeAll(async () => {
    server = await NatsServer.start()
  })

  afterAll(async () => {
    await server.stop()
  })

  test.each([
    [['status'], /^CP_BUS status: nothing was heard for 3 s; expected a conductor that runs on this bus\n$/],
    [['workloads'], /^CP_BUS status: nothing was heard for 3 s; expected a conductor that runs on this bus\n$/],
    [['pause'], /^CP_BUS cluster: no conductor is heard; expected a run on this bus\n$/],
    [
      ['inject', '--host', 'host-1', '--kind', 'bear', '--cluster', 'mine'],
      /^CP_BUS coldpool\.lobby-mine\.command\.[^\n]*; expected an answer within 10000 ms\n$/,
    ],
  ])('%j says so', async (argv, line) => {
    const { exitCode, stderr } = await coldpool(...argv, '--bus', server.url)
    expect(stderr).toMatch(line)
    expect(exitCode).toBe(2)
  })
})

/** The cluster as containers, from the repository's own compose files: digests, crashes, injection, scale, and nothing left. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { amended, SHORT_NEIGHBOUR, SHORT_QUICKSTART } from '../amended.fixture.ts'
import { randomScenarioTexts } from '../scenario.fixture.ts'
import { Composed, docker, memoryDigest } from './composed.fixture.ts'
import { isMissing } from './tool.fixture.ts'

const missing = isMissing('docker', 'info') || isMissing('docker-compose', 'version')

/** Lively from its first second: demotion, refusal, swap, promotion, and a bear. */
const LIVELY = `
name: lively
duration: 5s
quantum: 5ms
devices:
  device-1: { physical: 16MiB, advertised: 64MiB }
  device-2: { physical: 16MiB, advertised: 64MiB }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 100, swap: { size: 64MiB }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 32MiB, devices: [device-1, device-2], swap: { size: 64MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1 }
workloads:
  web: { host: host-1, kind: zipf, size: 64MiB, accesses: 400k/s, writes: { drift: redis_json } }
  bear: { host: host-2, kind: bear, size: 48MiB, rate: 100MB/s, attack: 500ms }
`

/** From `up -d`, images built, to the first granted quantum. */
const UP_SECONDS_MAX = 30

function fileOf(yaml: string): string {
  const file = join(tmpdir(), `coldpool-given-${process.pid}.yaml`)
  writeFileSync(file, yaml)
  return file
}

/** Begins a run at its pace, so that something can happen in its midst; resolves when it has gone on for so long. */
async function underway(milliseconds: number, composed = cluster, services?: readonly string[]): Promise<void> {
  await composed.begin(LIVELY, '1x', services)
  await composed.logged('"granting"')
  await sleep(milliseconds)
}

/** Of this scenario, which `cluster` runs. */
async function expectAsOnMemory(yaml: string): Promise<void> {
  const [ended, digest] = await Promise.all([cluster.end(), memoryDigest(fileOf(yaml))])
  expect(ended).toEqual({ digest, exitCode: 0 })
}

function allHosts(): Promise<string[]> {
  return Promise.all([1, 2, 3, 4].map((index) => cluster.container('host', index)))
}

const cluster = new Composed('cp')
const three = new Composed('cpn', ['docker-compose.yml', 'docker-compose.nats-cluster.yml'])
let lively = ''

beforeAll(async () => {
  if (missing) return
  await cluster.compose(['build', '-q'])
  lively = await memoryDigest(fileOf(LIVELY))
}, 600_000)

afterAll(async () => {
  if (missing) return
  for (const composed of [cluster, three]) await takeDown(composed)
  await docker('rmi', '-f', `coldpool:test${process.pid}`).catch(() => {})
}, 120_000)

describe.skipIf(missing)('a cluster in containers', () => {
  test('grants its first quantum within half a minute', async () => {
    const startMs = performance.now()
    await cluster.begin(SHORT_QUICKSTART, 'max', [])
    await cluster.logged('"granting"')
    expect((performance.now() - startMs) / 1000).toBeLessThan(UP_SECONDS_MAX)
  })

  test('gives the digest of the memory bus: quickstart', () => expectAsOnMemory(SHORT_QUICKSTART), 600_000)

  test('gives the digest of the memory bus: noisy-neighbour', async () => {
    await cluster.begin(SHORT_NEIGHBOUR, 'max')
    await expectAsOnMemory(SHORT_NEIGHBOUR)
  }, 600_000)

  test.each(randomScenarioTexts(5).map((yaml, i) => [i + 1, yaml] as const))(
    'gives the digest of the memory bus: random scenario %i',
    async (_, yaml) => {
      await cluster.begin(yaml, 'max')
      await expectAsOnMemory(yaml)
    },
  )

  test('an injection shows in watch and in the verdict, and the recorded run reproduces', async () => {
    // Each command is a container of its own, which takes a few seconds to start.
    const long = amended(LIVELY, 'duration=40s')
    await cluster.begin(long, '1x')
    await cluster.logged('"granting"')
    const watching = cluster.compose('run --rm -T cli watch'.split(' '))
    await sleep(4000)
    const injected = await cluster.compose(
      'run --rm -T cli inject --host host-1 --kind bear --size 16MiB --rate 50MB/s --for 10s'.split(' '),
    )
    expect(injected).toMatch(/^workload-3 starts on host-1 at \d+\.\d{3} s \(quantum \d+\)$/m)
    expect(await cluster.compose('run --rm -T cli workloads'.split(' '))).toMatch(/workload-3 +host-1 +bear +present +yes/)
    expect(await cluster.compose('run --rm -T cli pace max'.split(' '))).toMatch(/^pace max from/)
    expect(await watching).toMatch(/workload-3 +attack/)
    const { digest, exitCode } = await cluster.end()
    expect(exitCode).toBe(0)
    expect(digest).not.toBe(await memoryDigest(fileOf(long)))
    const folder = await cluster.runFolder()
    expect(await memoryDigest(join(folder, 'scenario.yaml'), '--injections', join(folder, 'injections.yaml'))).toBe(digest)
  })

  test('an operator can end a run, which then has a verdict', async () => {
    await cluster.begin(amended(LIVELY, 'duration=1h'), '1x')
    await cluster.logged('"granting"')
    expect(await cluster.compose('run --rm -T cli end'.split(' '))).toMatch(/^the run ends at \d+\.\d{3} s/)
    expect((await cluster.end()).exitCode).toBe(0)
    expect(await cluster.logged('INTERRUPTED')).toContain('lively')
  })

  test('a process that is stopped while it starts ends at once', async () => {
    // One that stands by.
    const promoter = await cluster.container('promoter', 4)
    await docker('stop', promoter)
    await docker('start', promoter)
    await docker('stop', promoter)
    // By the signal, or by its own doing; not killed when its time was over.
    expect(await cluster.exitCode(promoter)).toBeOneOf([0, 143])
    await docker('start', promoter)
  })

  test('a host that crashes comes back by its restart policy, and nothing is lost', async () => {
    await underway(2000)
    await cluster.crash('host', 1)
    await cluster.crash('device', 2)
    await cluster.logged('a stage was lost')
    expect(await cluster.end()).toEqual({ digest: lively, exitCode: 0 })
  })

  test('a conductor that crashes comes back, and goes on with its run', async () => {
    await underway(2000)
    await cluster.crash('conductor')
    await cluster.logged('resuming the run')
    expect(await cluster.end()).toEqual({ digest: lively, exitCode: 0 })
  })

  test('hosts that are killed and started again take up their posts', async () => {
    await underway(1500)
    // All of them: there is nobody to stand in.
    const hosts = await allHosts()
    await docker('kill', ...hosts)
    await docker('start', ...hosts)
    await cluster.logged('a stage was lost')
    expect(await cluster.end()).toEqual({ digest: lively, exitCode: 0 })
  })

  test('hosts whose network is away for ten seconds are waited for', async () => {
    await underway(1500)
    const hosts = await allHosts()
    await Promise.all(hosts.map((host) => docker('network', 'disconnect', `${cluster.project}_bus`, host)))
    await cluster.logged('a stage is silent')
    await sleep(5000)
    await Promise.all(hosts.map((host) => docker('network', 'connect', `${cluster.project}_bus`, host)))
    expect(await cluster.end()).toEqual({ digest: lively, exitCode: 0 })
  })

  test('NATS that is killed and started again on its store is waited for', async () => {
    await underway(2000)
    await cluster.crash('nats')
    expect(await cluster.end()).toEqual({ digest: lively, exitCode: 0 })
  })

  test('with one host for two it carries both; with six, four stand by', async () => {
    for (const hosts of [1, 6]) {
      await cluster.compose(['up', '-d', '--no-build', '--scale', `host=${hosts}`, '--no-recreate', 'host'])
      await cluster.begin(LIVELY, 'max')
      expect(await cluster.end()).toEqual({ digest: lively, exitCode: 0 })
    }
  })
})

describe.skipIf(missing)('a cluster on three NATS servers', () => {
  // Its containers would slow these down.
  beforeAll(() => takeDown(cluster), 120_000)

  test('goes on when one of them is killed, with the same digest', async () => {
    await underway(2000, three, [])
    await docker('kill', await three.container('nats-2'))
    expect(await three.end()).toEqual({ digest: lively, exitCode: 0 })
  }, 300_000)

  /**
   * It is this one that is judged: where a restart policy and a stop meet, as when the containers above crash, Docker 20.10 can count an
   * endpoint too many, and from then on refuses to remove a network on which nothing is left (moby issue 43286).
   */
  test('down -v leaves nothing', async () => {
    expect(await three.down()).toEqual([])
  })
})

async function takeDown(composed: Composed): Promise<void> {
  await composed.compose(['down', '-v', '-t', '1']).catch(() => {})
}

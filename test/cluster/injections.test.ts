import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Status } from '#shared/observe/broadcast.ts'
import { amended } from '../amended.fixture.ts'
import { Cluster, type Run } from './cluster.fixture.ts'
import { expectAsOnMemory, FOLDER, verdictOf } from './reference.fixture.ts'
import { NOTHING_STORED, SLOW, STAGES, TROUBLED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const BEAR = 'inject --host host-2 --kind bear --size 4MiB --rate 400MB/s --attack 20ms --for 200ms'.split(' ')

describe.skipIf(noServer())('in a running cluster', () => {
  let server: NatsServer
  let cluster: Cluster

  beforeAll(async () => {
    server = await NatsServer.start()
    cluster = new Cluster(server)
    cluster.start(STAGES, 'doomed')
  })

  afterAll(async () => {
    await cluster.stop()
    await server.stop()
  })

  test('a workload is injected and stopped, time is held and let go; the recorded run is the same', async () => {
    // On a host so short of memory it takes the bear most of a second to have its own.
    const longer = amended(TROUBLED, 'duration=3s')
    const run = await cluster.conduct(longer, { paces: ['0.1x'] })
    await begun()
    expect(await cluster.coldpool(...BEAR)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^workload-4 starts on host-2 at 0\.\d{3} s \(quantum \d+\)\n$/),
    })
    expect((await cluster.coldpool('workloads')).stdout).toMatch(/workload-4 .*host-2 .*bear/)
    // It is seen to allocate, and to attack.
    await cluster.wait(() => cluster.samples.find(({ telemetry }) => telemetry['workload-4']?.['allocatedPages'] === 1024))
    const refused = await cluster.coldpool(...'inject --host host-9 --kind scan --rate 1MB/s'.split(' '))
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^CP_\w+ workloads\.workload-5\.host: .*"host-9".*\n$/),
    })

    expect((await cluster.coldpool('pause')).stdout).toMatch(/^paused at \d\.\d{3} s\n$/)
    const held = await status(({ state }) => state === 'paused')
    expect(await status(() => true)).toMatchObject({ state: 'paused', quantum: held.quantum })
    expect(held.workloads.find(({ id }) => id === 'workload-4')).toMatchObject({ kind: 'bear', state: 'present', injected: true })
    // Commands are taken all the same.
    expect((await cluster.coldpool('stop', 'web')).stdout).toMatch(/^web is told to leave at/)
    expect((await cluster.coldpool('stop', 'nobody')).stderr).toMatch(/^CP_INJECTION .*nobody/)
    expect((await cluster.coldpool('pace', '0.2x')).stdout).toMatch(/^pace 0.2x from/)
    expect((await cluster.coldpool('resume')).stdout).toMatch(/^goes on from/)
    await status(({ quantum, pace }) => quantum > held.quantum && pace === 0.2)
    await status(({ workloads }) => workloads.some(({ id, state }) => id === 'web' && state !== 'present'))

    const folder = await end(run, longer)
    const { workloads } = verdictOf(folder)
    expect(workloads['workload-4']).toMatchObject({ allocatedPages: 1024, killed: 0 })
    expect(workloads['web']).toMatchObject({ ended: 1 })
    // As a person would repeat it.
    const out = mkdtempSync(join(FOLDER, 'replay-'))
    const args = ['cli/main.ts', 'run', join(folder, 'scenario.yaml'), '--injections', join(folder, 'injections.yaml')]
    const replayed = execFileSync(process.execPath, [...args, '--json', '--out', out], { cwd: ROOT, encoding: 'utf8' })
    expect((JSON.parse(replayed) as { digest: string }).digest).toBe(verdictOf(folder).digest)
  })

  test('what was injected stays, though host-2, workload-1 and the conductor are killed, each right after', async () => {
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    await begun()
    for (const [i, victim] of ['host-2', 'workload-1', 'conductor'].entries()) {
      expect(await cluster.coldpool(...BEAR)).toMatchObject({ code: 0 })
      await cluster.of(victim).killLiving()
      await status(({ state, generation }) => state === 'running' && generation === i + 2)
    }
    await end(run)
  })

  test('what was injected stays, though the conductor is killed behind a set of snapshots that has it', async () => {
    const run = await cluster.conduct(TROUBLED, { paces: [SLOW] })
    await begun()
    expect(await cluster.coldpool(...BEAR)).toMatchObject({ code: 0 })
    cluster.doom('conductor', { moment: 'set', sets: 2, spared: 0 })
    await run.conductor.death
    await end(run)
    expect(run.conductor.lives).toBe(2)
  })

  function begun(): Promise<Status> {
    return status(({ state, quanta }) => state === 'running' && quanta > 0)
  }

  /** As `coldpool status` tells it. */
  async function status(wanted: (status: Status) => boolean): Promise<Status> {
    for (;;) {
      const { code, stdout } = await cluster.coldpool('status', '--json')
      const heard = code === 0 ? (JSON.parse(stdout) as Status) : undefined
      if (heard && wanted(heard)) return heard
    }
  }

  /** Gives the run folder, which must be that of the same commands on the memory bus. */
  async function end(run: Run, yaml = TROUBLED): Promise<string> {
    await cluster.pace('max')
    const folder = await run.ended()
    const injections = join(folder, 'injections.yaml')
    expect(existsSync(injections)).toBe(true)
    await expectAsOnMemory(folder, yaml, readFileSync(injections, 'utf8'))
    expect(await server.stored()).toEqual(NOTHING_STORED)
    return folder
  }
})

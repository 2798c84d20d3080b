/** A workload in another language, in a live cluster: what it does is seen, recorded, and reproduced, whoever dies. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { isMissing } from './compose/tool.fixture.ts'
import { Cluster, type Guest } from './foreign/cluster.fixture.ts'

const SCENARIO = `
name: visited
quantum: 25ms
duration: 20s
devices:
  device-1: { physical: 16MiB, advertised: 64MiB }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 100, swap: { size: 64MiB }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 32MiB, devices: [device-1], swap: { size: 64MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1 }
workloads:
  web: { host: host-1, kind: zipf, size: 44MiB, accesses: 200k/s, writes: { drift: redis_json } }
  quiet: { host: host-2, kind: uniform, size: 16MiB, accesses: 1k/s }
`
const STAGES = ['host-a', 'host-b', 'device-a', 'promoter-a'] as const
const PAGES = 4000

const missing = [isMissing('nats-server', '--version'), isMissing('python3', '--version')]

describe.skipIf(missing.includes(true))('a foreign workload', { timeout: 120_000 }, () => {
  let cluster: Cluster | undefined
  afterEach(() => cluster?.stop())

  /** Joins, has all its memory, and has begun to overwrite it. */
  async function visit(...options: string[]): Promise<{ guest: Guest; id: string }> {
    cluster = await Cluster.start(SCENARIO, STAGES)
    const guest = cluster.join('host-1', '--pages', String(PAGES), ...options)
    const { id } = await guest.hears(({ what }) => what === 'joined')
    await guest.hears(({ allocated }) => allocated === PAGES)
    // What it says when nobody conducts is lost: a conductor may be killed only when it has stamped this.
    await vi.waitFor(() => expect(cluster!.commands).toHaveLength(3), { timeout: 20_000 })
    return { guest, id: id! }
  }

  test('fills its memory, disturbs its neighbours and leaves; what was recorded gives the same run again', async () => {
    const { guest, id } = await visit('--work', '2')
    await guest.hears(({ what }) => what === 'done')
    await guest.ended()
    const verdict = await cluster!.verdict()

    expect(verdict.workloads[id]).toMatchObject({ allocatedPages: PAGES, phases: 1, ended: 1, killed: 0 })
    const undisturbed = await cluster!.undisturbed()
    expect(verdict.pages - undisturbed.pages).toBeGreaterThanOrEqual(PAGES)
    expect(verdict.hosts['host-1']!['demoted']).toBeGreaterThan(undisturbed.hosts['host-1']!['demoted'] as number)

    expect(cluster!.commands).toEqual([`join ${id}`, `mail ${id}`, `mail ${id}`, `gone ${id}`])
    expect((await cluster!.replay()).digest).toBe(verdict.digest)
  })

  test('that is killed is taken for dead after 5 s, which is recorded too', async () => {
    const { guest, id } = await visit()
    guest.kill()
    await vi.waitFor(() => expect(cluster!.commands.at(-1)).toBe(`gone ${id}`), { timeout: 20_000 })
    const verdict = await cluster!.verdict()

    expect(verdict.workloads[id]).toMatchObject({ allocatedPages: PAGES, ended: 1 })
    expect((await cluster!.replay()).digest).toBe(verdict.digest)
  })

  test.each(['host-a', 'conductor'])(
    'goes on when %s is killed and started again, and hears the end of the run',
    async (name) => {
      const { guest, id } = await visit()
      cluster!.restart(name)
      await vi.waitFor(() => expect(cluster!.logOf('host-a')).toContain('"generation":2'), { timeout: 20_000 })
      const verdict = await cluster!.verdict()
      await guest.hears(({ what }) => what === 'over')
      await guest.ended()

      expect(verdict.workloads[id]).toMatchObject({ allocatedPages: PAGES, phases: 1, ended: 0, killed: 0 })
      expect(cluster!.commands).toEqual([`join ${id}`, `mail ${id}`, `mail ${id}`])
      expect((await cluster!.replay()).digest).toBe(verdict.digest)
    },
  )

  test('that is told to stop hears so, and leaves', async () => {
    const { guest, id } = await visit()
    expect(await cluster!.ask({ command: 'stop', id })).toMatchObject({ id })
    await guest.hears(({ what }) => what === 'stop')
    await guest.ended()
    const verdict = await cluster!.verdict()

    expect(verdict.workloads[id]).toMatchObject({ ended: 1, killed: 0 })
    expect((await cluster!.replay()).digest).toBe(verdict.digest)
  })

  test('is told what is wrong when it may not join', async () => {
    cluster = await Cluster.start(SCENARIO, STAGES)
    await expect(cluster.join('host-9').ended()).rejects.toThrow(/CP_INJECTION .*host-9.*expected .*host-1/)
  })
})

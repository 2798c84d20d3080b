import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseScenario } from '#shared/scenario.ts'
import { battle, INJECTED, parentFolder } from '../report/folder.fixture.ts'
import { Metrics } from '../report/series.ts'
import { writeMetricsTable } from './metrics-table.ts'

type Row = Readonly<Record<string, unknown>>

describe('the time series of a run as a Parquet table', () => {
  const parent = parentFolder()
  let folder: string
  let rows: readonly Row[]

  beforeAll(async () => {
    folder = await battle(parent, [], INJECTED)
    rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, 'metrics.parquet')) })
  })

  const of = (actor: string, host: string | null): readonly Row[] =>
    rows.filter((row) => row['actor'] === actor && (row['host'] ?? null) === host)
  const metricsOf = (actor: string): Metrics => Metrics.parse(readFileSync(join(folder, 'metrics', `${actor}.csv`), 'utf8'))

  test('has a row for each actor and sample, with the figures of its CSV', () => {
    for (const [actor, host, role] of [
      ['host-1', 'host-1', 'host'],
      ['device-1', null, 'device'],
      ['promoter-2', 'host-2', 'promoter'],
      ['two', 'host-2', 'workload'],
      ['late', null, 'workload'],
    ] as const) {
      const metrics = metricsOf(actor)
      const own = of(actor, host)
      expect(own.map((row) => row['seconds'])).toEqual(Array.from(metrics.seconds))
      expect(new Set(own.map((row) => row['role']))).toEqual(new Set([role]))
      for (const name of metrics.names) {
        if (/^(seconds$|byHost|slots|lastStep)/.test(name)) continue
        const read = own.map((row) => row[name.replaceAll('.', '_')] ?? NaN)
        expect(read, `${actor} ${name}`).toEqual(Array.from(metrics.values(name)!))
      }
    }
  })

  test('has a row for each host on a device, whose used bytes add up to those of the device', () => {
    const shares = ['host-1', 'host-2'].map((host) => of('device-1', host))
    for (const [i, { usedBytes }] of of('device-1', null).entries()) {
      const sum = shares.reduce((total, own) => total + (own[i]!['usedBytes'] as number), 0)
      expect(sum).toBe(usedBytes)
    }
    expect(shares[0]!.at(-1)!['readNs_p99']).toBe(metricsOf('device-1').values('byHost.host-1.readNs.p99')!.at(-1))
  })

  test('leaves out what serves checks alone, and what an actor has no figure of', () => {
    const names = Object.keys(rows[0]!)
    expect(names.filter((name) => /slots|lastStep|byHost|\./.test(name))).toEqual([])
    expect(names).toContain('truth_coverage')
    expect(of('device-1', null)[0]!['slowdown'] ?? null).toBe(null)
  })

  test('is refused for damaged metrics, with the line', async () => {
    const scenario = parseScenario(readFileSync(join(folder, 'scenario.yaml'), 'utf8'), 'scenario')
    appendFileSync(join(folder, 'metrics', 'one.csv'), '1,2\n')
    await expect(writeMetricsTable(folder, scenario)).rejects.toThrow(/CP_RUN_FOLDER .*one\.csv: line \d+ has 2 cells for/)
  })
})

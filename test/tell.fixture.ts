/** Runs a ready-made scenario, and reads what it tells. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario, type RunResult } from '#simulation/run.ts'
import type { Figures, Verdict } from '#simulation/verdict.ts'

export const SCENARIOS = new URL('../scenarios/', import.meta.url)
const out = mkdtempSync(join(tmpdir(), 'coldpool-scenarios-'))
afterAll(() => rmSync(out, { recursive: true }))

export interface Told extends RunResult {
  readonly folder: string
  readonly events: readonly { seconds: number; actor: string; code: string; [field: string]: number | string }[]
}

export async function tell(name: string, ...overrides: string[]): Promise<Told> {
  const file = `${name}.yaml`
  const { scenario, yaml } = loadScenario(readFileSync(new URL(file, SCENARIOS), 'utf8'), file, overrides)
  const result = await runScenario({ scenario, yaml, out })
  const folder = result.folder!
  const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').trimEnd().split('\n')
  return { ...result, folder, events: lines.map((line) => JSON.parse(line) as Told['events'][number]) }
}

export function figure(figures: Figures, path: string): number {
  const value = path.split('.').reduce<number | Figures | undefined>((at, part) => (at as Figures)[part], figures)
  if (typeof value !== 'number') throw new Error(`no figure ${path}`)
  return value
}

export function host(verdict: Verdict, id: string, path: string): number {
  return figure(verdict.hosts[id]!, path)
}

export function device(verdict: Verdict, id: string, path: string): number {
  return figure(verdict.devices[id]!, path)
}

/** The column of an actor's metrics, by virtual second. */
export function series(told: Told, actor: string, column: string): Map<number, number> {
  const [head, ...rows] = readFileSync(join(told.folder, 'metrics', `${actor}.csv`), 'utf8')
    .trimEnd()
    .split('\n')
  const index = head!.split(',').indexOf(column)
  if (index < 0) throw new Error(`no column ${column}`)
  return new Map(rows.map((row) => [Number(row.split(',')[0]), Number(row.split(',')[index])]))
}

/**
 * Runs scenarios/quickstart.yaml with the overrides it is given: with `bare` nothing is written and nobody watches; with `watched`
 * there is a run folder and a dashboard, whose address is printed. At the end it prints the digest and the seconds of wall time
 * that the run took (without the report that follows it).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadScenario } from '#shared/scenario.ts'
import { openDashboard } from '#simulation/dashboard/dashboard.ts'
import { LiveRun } from '#simulation/dashboard/live-run.ts'
import { runScenario, type Verdict } from '#simulation/run.ts'

const [how, ...overrides] = process.argv.slice(2)
const file = new URL('../scenarios/quickstart.yaml', import.meta.url)
const loaded = loadScenario(readFileSync(file, 'utf8'), 'quickstart.yaml', overrides)

const verdict = how === 'watched' ? await watched() : (await runScenario({ ...loaded, out: undefined })).verdict
process.stdout.write(`${verdict.digest} ${verdict.wallSeconds}\n`)

async function watched(): Promise<Verdict> {
  const out = mkdtempSync(join(tmpdir(), 'coldpool-telemetry-'))
  const live = new LiveRun()
  const dashboard = await openDashboard({ host: '127.0.0.1', port: 0 }, { source: live, operator: () => live })
  process.stdout.write(`${dashboard.url}\n`)
  try {
    return (await runScenario({ ...loaded, out }, { live })).verdict
  } finally {
    await dashboard.close()
    rmSync(out, { recursive: true })
  }
}

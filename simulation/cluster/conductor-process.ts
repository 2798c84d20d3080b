/** The conductor's process: opens a run, or takes up one that was left, and conducts it to its end. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Wire } from '#shared/bus/wire.ts'
import { JetStreamStore, STREAM_LIMITS, type StreamLimits } from '#shared/observe/journal.ts'
import { logLevel } from '#shared/observe/log-level.ts'
import { openLog } from '#shared/observe/log.ts'
import type { Stamped } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { type Store, StoreFull } from '#shared/observe/store.ts'
import { loadScenario, parseScenario } from '#shared/scenario.ts'
import { RunFolder } from '../folder.ts'
import type { RunResult } from '../ledger.ts'
import { renderVerdict } from '../render.ts'
import { readScenarioText } from '../scenario-file.ts'
import type { Verdict } from '../verdict.ts'
import { lobby } from './crew.ts'
import { Director, type DirectorOptions } from './director.ts'
import { parsePace } from './pacer.ts'
import { overBus } from './process.ts'
import { type BusFlags, busSettings, clusterName, DEFAULT_CLUSTER } from './settings.ts'
import { RunJournal } from './run-journal.ts'

export interface ConductInput {
  /** The scenario as it is to be run. */
  readonly yaml: string
  /** Where run folders are made. */
  readonly out: string
  readonly script?: readonly Stamped[]
}

/** Everything from the environment: COLDPOOL_SCENARIO, COLDPOOL_PACE, COLDPOOL_OUT, COLDPOOL_REPLICAS, COLDPOOL_STAGES. */
export async function conductorProcess(
  flags: BusFlags,
  leave: AbortSignal,
  more: Pick<DirectorOptions, 'onMoment'> = {},
): Promise<void> {
  const { env } = process
  const log = openLog('conductor', logLevel(flags.log, 'info'))
  const file = env['COLDPOOL_SCENARIO'] ?? 'scenarios/quickstart.yaml'
  const pace = parsePace(env['COLDPOOL_PACE'] ?? '1x', 'COLDPOOL_PACE')
  const settings = busSettings(flags)
  const input = (): ConductInput => ({
    yaml: loadScenario(readScenarioText(file), file, []).yaml,
    out: env['COLDPOOL_OUT'] ?? 'runs',
  })
  await overBus(settings, 'conductor', log, leave, async (wire) => {
    const store = await JetStreamStore.create(wire, streamLimits())
    const cluster = clusterName(flags) ?? DEFAULT_CLUSTER
    const stages = wholeOf('COLDPOOL_STAGES') ?? 0
    const result = await conductRun(wire, store, input, { cluster, pace, log, leave, stages, dropped: wire.dropped, ...more })
    if (result) process.stdout.write(renderVerdict(result))
    else log.info({}, 'the run is left as it is; the next conductor resumes it')
  })
}

function streamLimits(): StreamLimits {
  return {
    journalBytes: wholeOf('COLDPOOL_JOURNAL_BYTES') ?? STREAM_LIMITS.journalBytes,
    snapshotBytes: wholeOf('COLDPOOL_SNAPSHOT_BYTES') ?? STREAM_LIMITS.snapshotBytes,
    replicas: wholeOf('COLDPOOL_REPLICAS') ?? STREAM_LIMITS.replicas,
  }
}

/** Undefined if it is not set. Throws CP_OPTION. */
function wholeOf(name: string): number | undefined {
  const text = process.env[name]
  if (text === undefined || text === '') return undefined
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new ColdpoolError('CP_OPTION', name, `got ${JSON.stringify(text).slice(0, 80)}`, 'a whole number above 0')
}

/** Gives the verdict; undefined if the run was left, to be resumed by the next process that conducts in this lobby. */
export async function conductRun(
  wire: Wire,
  store: Store,
  input: () => ConductInput,
  options: DirectorOptions,
): Promise<RunResult | undefined> {
  const { log, cluster } = options
  const scope = lobby(cluster)
  const left = await withRoom(() => unfinished(store, scope))
  if (left !== undefined && 'verdict' in left) {
    log.info({ folder: left.folder }, 'the run was over when its conductor died')
    return left
  }
  const journal = left ?? (await withRoom(() => open(store, scope, input())))
  const { run, scenario, folder, script } = journal.order
  log.info({ run, folder, generation: journal.generation }, left ? 'resuming the run' : 'a new run')
  if (left && scenario !== input().yaml) log.warn({ run }, 'it is of another scenario than is asked for; "coldpool end" ends it')
  return new Director(wire, store, journal, folderOf(folder, scenario, [...script, ...journal.commands]), options).direct()
}

async function withRoom<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    if (!(error instanceof StoreFull)) throw error
    throw new ColdpoolError('CP_JOURNAL', 'journal', error.message, 'room for a run (COLDPOOL_JOURNAL_BYTES)')
  }
}

/** A run to resume, or the result of one that was over, but not yet closed; one that failed is closed, and gives nothing. */
async function unfinished(store: Store, scope: string): Promise<RunJournal | RunResult | undefined> {
  const left = await RunJournal.resume(store, scope)
  if (left?.closed !== true) return left
  await left.close()
  const { folder } = left.order
  const file = join(folder, 'verdict.json')
  return existsSync(file) ? { verdict: JSON.parse(readFileSync(file, 'utf8')) as Verdict, folder } : undefined
}

async function open(store: Store, scope: string, { yaml, out, script = [] }: ConductInput): Promise<RunJournal> {
  const scenario = parseScenario(yaml, 'scenario')
  const { path } = RunFolder.create(out, scenario, yaml)
  return RunJournal.open(store, scope, {
    run: `${scenario.name}-${randomBytes(6).toString('hex')}`,
    scenario: yaml,
    folder: path,
    secret: randomBytes(24).toString('hex'),
    openedMs: Date.now(),
    script,
  })
}

/** The commands are written anew: a process may have died between journal and file. */
function folderOf(path: string, yaml: string, commands: readonly Stamped[]): RunFolder {
  if (!existsSync(path)) {
    throw new ColdpoolError('CP_OUTPUT', path, 'the folder of the unfinished run is not there', 'the volume that it was begun on')
  }
  const folder = RunFolder.open(path, parseScenario(yaml, 'the scenario of the run'))
  rmSync(join(path, 'injections.yaml'), { force: true })
  for (const stamped of commands) folder.injection(stamped)
  return folder
}

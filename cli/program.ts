/**
 * The commands and their options; every way they can be used wrongly ends in one line and exit code 2. What a command does is
 * loaded when it is called: help comes at once.
 */
import { Command, CommanderError } from 'commander'
import { ColdpoolError } from '#shared/errors.ts'
import { printable, ScenarioError } from '#shared/scenario/problems.ts'
import { addClusterCommands, append } from './cluster-commands.ts'
import type { CompareFlags } from './compare.ts'
import type { ContentionFlags } from './contention.ts'
import type { ExperimentFlags } from './experiment.ts'
import { EXIT_INTERRUPTED, Interrupted } from './interrupt.ts'
import type { Io } from './io.ts'
import type { ReportFlags } from './report.ts'
import type { RunFlags } from './run.ts'
import { addSweepCommands } from './sweep-commands.ts'
import type { WatchIo } from './watch/watch.ts'

const EXIT = { fine: 0, broken: 1, badInput: 2 }

const RUN_EXAMPLES = `
Quantities carry their unit: 64GiB, 512B, 1ms, 20GB/s, 2M/s, 10%.

Examples:
  coldpool run scenarios/quickstart.yaml
  coldpool run scenarios/calm.yaml --seed 7 --duration 2m --json > verdict.json
  coldpool run scenarios/refusal.yaml --set devices.device-1.physical=4GiB --set 'hosts.*.swap.size=0B'
  coldpool run scenarios/calm.yaml --injections injections.yaml
  coldpool run scenarios/quickstart.yaml --workers 2
  coldpool run scenarios/quickstart.yaml --dashboard --pace 1x
  coldpool run scenarios/calm.yaml --bus nats://127.0.0.1:4222 --processes --pace 1x
  coldpool run scenarios/quickstart.yaml --perfetto quickstart.json

An injection is a line such as this one; instead of inject (with its workload) there is stop: workload-8.
  - { quantum: 9000, inject: workload-8, workload: { host: host-1, kind: bear, size: 256MiB, rate: 400MB/s, attack: 5s } }

A trace has a process for each actor: batches of demotions and promotions, events, headroom, read latency, slowdown, and mail
as arrows. Of arrows it has 50000 at most: the first 500 mails of each hundredth of the duration, so that a long run can be opened.

The digest does not depend on --workers. More threads than cores, or than the scenario has hosts, gain nothing.

Ctrl-C ends the run early and keeps its folder; the verdict says interrupted, the exit code is 130.`

const CONTENTION_HELP = `
The scenario is run as it is, and once for each host with the workloads, files and kernel memory of all other hosts taken away:
same pool, same seed, same random streams. Where a host has more than one neighbour, it is also run without each of them.

  slowdown   elapsed time over work, against all-DRAM: shared, alone, and the one over the other
  work lost  how much less work its workloads got done than alone
  refused, swap out, poisoned   pages, shared and alone
  pooled, peak                  bytes that it used of its devices, on average and at most
  paused     how long its writers stood still because it had overdrawn a share
  displaced  by how many pages, and their bytes, it has fewer on the device than alone, on average over time
  by         the hosts without which it would have so many more there; these need not add up

Example:
  coldpool contention scenarios/shares.yaml
  coldpool contention scenarios/shares.yaml --set 'devices.*.shares={ policy: none }' --json > contention.json

Ctrl-C ends it without a result; the exit code is 130.`

const REPORT_EXAMPLES = `
"coldpool run" writes the report of its run by itself. It is one file without scripts, to be read offline, mailed and printed.

Example:
  coldpool report runs/quickstart-20260101T120000`

const COMPARE_EXAMPLES = `
The first run is what the others are held against. The page has every difference, and the runs' charts laid over each other.

Examples:
  coldpool compare runs/calm-20260101T120000 runs/calm-20260101T121500
  coldpool compare A B C --out three.html
  coldpool compare A B --json | jq '.differences[0]'`

const SCHEMA_EXAMPLES = `
Example, for the YAML extension of most editors:
  coldpool schema > scenario.schema.json
  coldpool schema sweep > sweep.schema.json
  and as the first line of a scenario:  # yaml-language-server: $schema=scenario.schema.json`

const EXPERIMENT_EXAMPLES = `
The folder gets answer.md, a picture (SVG) for each axis, and runs.ndjson with the figures of every run.

Examples:
  coldpool experiments
  coldpool experiment isolation
  coldpool experiment shares --seeds 20 --json > shares.json`

/** Runs one command line (without the names of node and the script); gives the exit code. */
export async function main(argv: readonly string[], io: Io & WatchIo): Promise<number> {
  let exitCode = EXIT.fine
  const program = new Command('coldpool')
    .description('Simulates hosts that share compressed CXL memory devices.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: () => {}, outputError: () => {} })

  program
    .command('run')
    .description('simulate a scenario, print the verdict, write the run folder')
    .argument('<FILE>', 'the scenario, in YAML')
    .option('--seed <N>', "the seed of all randomness, instead of the scenario's")
    .option('--duration <T>', 'virtual time to simulate, such as 60s')
    .option('--quantum <T>', 'resolution of virtual time, such as 1ms')
    .option('--set <path=value>', 'set a value of the scenario; * stands for every name; may be repeated', append)
    .option('--injections <FILE>', 'commands to give on the way, such as the injections.yaml of a run folder')
    .option('--workers <N>', 'spread the actors over this many threads, for as many cores (not with --bus)', '1')
    .option('--bus <URL>', 'carry all mail over this NATS server, such as nats://127.0.0.1:4222')
    .option('--processes', 'with --bus: a process for each actor, started again when it dies (needs JetStream)')
    .option('--cluster <NAME>', 'with --bus: the lobby in which conductor and stages meet; default: one of its own')
    .option('--log <LEVEL>', 'with --bus: what its processes log: silent, error, warn or info; default: COLDPOOL_LOG, or warn')
    .option('--pace <PACE>', 'a multiple of real time such as 1x or 10x, or max', 'max')
    .option('--dashboard [PORT]', 'show the run live in a browser, on port 8080 or this one (0: any that is free)')
    .option('--dashboard-host <HOST>', 'where the dashboard listens; beyond 127.0.0.1 only with the token that it prints')
    .option('--perfetto <TRACE>', 'write the run as a trace for ui.perfetto.dev into this file (not with --bus)')
    .option('--out <DIR>', 'where run folders are made', 'runs')
    .option('--json', 'print verdict.json and nothing else')
    .option('--quiet', 'show no progress')
    .addHelpText('after', RUN_EXAMPLES)
    .action(async (file: string, flags: RunFlags) => {
      exitCode = await (await import('./run.ts')).run(file, flags, io)
    })

  program
    .command('contention')
    .description('show what the hosts of a scenario cost each other: together, and each alone')
    .argument('<FILE>', 'the scenario, in YAML')
    .option('--seed <N>', "the seed of all randomness, instead of the scenario's")
    .option('--duration <T>', 'virtual time to simulate, such as 60s')
    .option('--quantum <T>', 'resolution of virtual time, such as 1ms')
    .option('--set <path=value>', 'set a value of the scenario; * stands for every name; may be repeated', append)
    .option('--workers <N>', 'runs at a time, each with memory of its own; default: one for each core')
    .option('--out <DIR>', 'keep the run folders there, in a folder for each run; default: none are made')
    .option('--json', 'print the result as JSON and nothing else')
    .option('--quiet', 'show no progress')
    .addHelpText('after', CONTENTION_HELP)
    .action(async (file: string, flags: ContentionFlags) => {
      exitCode = await (await import('./contention.ts')).contention(file, flags, io)
    })

  program
    .command('report')
    .description('write report.html into a run folder: verdict, charts, tables, and how to do the same again')
    .argument('<RUN>', 'the folder of a run')
    .option('--quiet', 'show no progress')
    .addHelpText('after', REPORT_EXAMPLES)
    .action(async (folder: string, flags: ReportFlags) => {
      exitCode = await (await import('./report.ts')).reportRun(folder, flags, io)
    })

  program
    .command('compare')
    .description('show how runs differ, and by how much: tables, and a page with their charts laid over each other')
    .argument('<RUNS...>', 'the folders of two runs or more')
    .option('--out <FILE>', 'where the page is written; default: compare.html')
    .option('--json', 'print the differences as data and nothing else; a page is written only with --out')
    .option('--quiet', 'show no progress')
    .addHelpText('after', COMPARE_EXAMPLES)
    .action(async (folders: string[], flags: CompareFlags) => {
      exitCode = await (await import('./compare.ts')).compareRuns(folders, flags, io)
    })

  program
    .command('schema')
    .description('print the JSON Schema of scenarios, or of sweeps, for editors')
    .argument('[KIND]', 'scenario or sweep', 'scenario')
    .addHelpText('after', SCHEMA_EXAMPLES)
    .action(async (kind: string) => {
      io.stdout.write(`${JSON.stringify(await schemaOf(kind), null, 2)}\n`)
    })

  program
    .command('experiment')
    .description('answer a question about policies by many runs: tables, a picture, a paragraph')
    .argument('<NAME>', 'what "coldpool experiments" lists')
    .option('--seeds <N>', "runs at each point, instead of the experiment's own number")
    .option('--out <DIR>', 'where the folder with the answer is made', 'runs')
    .option('--json', 'print the points of all measures and nothing else')
    .option('--quiet', 'show no progress')
    .addHelpText('after', EXPERIMENT_EXAMPLES)
    .action(async (name: string, flags: ExperimentFlags) => {
      exitCode = await (await import('./experiment.ts')).experiment(name, flags, io)
    })

  program
    .command('experiments')
    .description('list the experiments')
    .action(async () => (await import('./experiment.ts')).listExperiments(io))

  const exit = (code: number): void => {
    exitCode = code
  }
  addSweepCommands(program, io, exit)
  addClusterCommands(program, io, exit)

  try {
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    return report(error, io)
  }
}

async function schemaOf(kind: string): Promise<object> {
  if (kind === 'scenario') return (await import('#shared/scenario.ts')).scenarioJsonSchema()
  if (kind === 'sweep') return (await import('#simulation/sweep/form.ts')).sweepJsonSchema()
  throw new ColdpoolError('CP_OPTION', 'KIND', `got ${printable(kind)}`, 'scenario or sweep')
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.fine
  if (error instanceof Interrupted) return EXIT_INTERRUPTED
  const cause = error instanceof CommanderError ? misuse(error) : error
  if (cause instanceof ColdpoolError || cause instanceof ScenarioError) {
    io.stderr.write(`${cause.message}\n`)
    return EXIT.badInput
  }
  io.stderr.write(`coldpool failed, and that is a bug of coldpool: ${cause instanceof Error ? cause.stack : String(cause)}\n`)
  return EXIT.broken
}

/** Commander's text, which may have a suggestion on a second line, in our form. */
function misuse({ message }: CommanderError): ColdpoolError {
  const [problem = '', suggestion] = message.replace(/^error: |\.$/g, '').split(/\n(?=\(Did you mean )/)
  const near = suggestion === undefined ? undefined : /\(Did you mean (?:one of )?(.*)\?\)/.exec(suggestion)?.[1]
  const where = /'(--?[\w-]+)/.exec(problem)?.[1] ?? 'coldpool'
  return new ColdpoolError(
    'CP_OPTION',
    where,
    printable(problem),
    near ?? 'what "coldpool --help" and "coldpool run --help" show',
  )
}

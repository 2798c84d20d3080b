/** The commands and their options; every way they can be used wrongly ends in one line and exit code 2. */
import { Command, CommanderError } from 'commander'
import { ColdpoolError } from '#shared/errors.ts'
import { scenarioJsonSchema } from '#shared/scenario.ts'
import { printable, ScenarioError } from '#shared/scenario/problems.ts'
import { addClusterCommands, append } from './cluster-commands.ts'
import { experiment, type ExperimentFlags, listExperiments } from './experiment.ts'
import type { Io } from './io.ts'
import { run, type RunFlags } from './run.ts'
import type { WatchIo } from './watch/watch.ts'

const EXIT = { fine: 0, broken: 1, badInput: 2 }

const RUN_EXAMPLES = `
Quantities carry their unit: 64GiB, 512B, 1ms, 20GB/s, 2M/s, 10%.

Examples:
  coldpool run scenarios/quickstart.yaml
  coldpool run scenarios/calm.yaml --seed 7 --duration 2m --json > verdict.json
  coldpool run scenarios/refusal.yaml --set devices.device-1.physical=4GiB --set 'hosts.*.swap.size=0B'
  coldpool run scenarios/calm.yaml --injections injections.yaml
  coldpool run scenarios/quickstart.yaml --dashboard --pace 1x
  coldpool run scenarios/calm.yaml --bus nats://127.0.0.1:4222 --processes --pace 1x

An injection is a line such as this one; instead of inject (with its workload) there is stop: workload-8.
  - { quantum: 9000, inject: workload-8, workload: { host: host-1, kind: bear, size: 256MiB, rate: 400MB/s, attack: 5s } }

Ctrl-C ends the run early and keeps its folder; the verdict says interrupted, the exit code is 130.`

const SCHEMA_EXAMPLES = `
Example, for the YAML extension of most editors:
  coldpool schema > scenario.schema.json
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
    .option('--bus <URL>', 'carry all mail over this NATS server, such as nats://127.0.0.1:4222')
    .option('--processes', 'with --bus: a process for each actor, started again when it dies (needs JetStream)')
    .option('--cluster <NAME>', 'with --bus: the lobby in which conductor and stages meet; default: one of its own')
    .option('--pace <PACE>', 'a multiple of real time such as 1x or 10x, or max', 'max')
    .option('--dashboard [PORT]', 'show the run live in a browser, on port 8080 or this one (0: any that is free)')
    .option('--dashboard-host <HOST>', 'where the dashboard listens; beyond 127.0.0.1 only with the token that it prints')
    .option('--out <DIR>', 'where run folders are made', 'runs')
    .option('--json', 'print verdict.json and nothing else')
    .option('--quiet', 'show no progress')
    .addHelpText('after', RUN_EXAMPLES)
    .action(async (file: string, flags: RunFlags) => {
      exitCode = await run(file, flags, io)
    })

  program
    .command('schema')
    .description('print the JSON Schema of scenarios, for editors')
    .addHelpText('after', SCHEMA_EXAMPLES)
    .action(() => void io.stdout.write(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`))

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
      exitCode = await experiment(name, flags, io)
    })

  program
    .command('experiments')
    .description('list the experiments')
    .action(() => listExperiments(io))

  addClusterCommands(program, io, (code) => {
    exitCode = code
  })

  try {
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    return report(error, io)
  }
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.fine
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

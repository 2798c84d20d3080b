/** The commands that need a bus: what they are called, their options and examples. What they do is loaded when one is called. */
import type { Command } from 'commander'
import type { Io } from './io.ts'
import type { InjectFlags } from './operator.ts'
import type { StageFlags } from './stage.ts'
import type { WatchIo } from './watch/watch.ts'

interface BusOptions {
  readonly bus?: string
  readonly cluster?: string
}

const BUS = ['--bus <URL>', 'the NATS server, such as nats://127.0.0.1:4222; default: COLDPOOL_BUS'] as const
const CLUSTER = ['--cluster <NAME>', 'the cluster; default: COLDPOOL_CLUSTER, or the only one that runs'] as const

export const LOG = ['--log <LEVEL>', 'what it logs: silent, error, warn or info; default: COLDPOOL_LOG, or info'] as const

const STAGE_EXAMPLES = `
Examples, each in a terminal of its own:
  coldpool stage --bus nats://127.0.0.1:4222 --roles host,workload
  coldpool stage --bus nats://127.0.0.1:4222 --roles device,promoter
  COLDPOOL_BUS=nats://127.0.0.1:4222 node services/conductor/main.ts

A stage stands by until a conductor assigns it actors, and again when the run is over. It ends with Ctrl-C.`

const INJECT_EXAMPLES = `
Examples:
  coldpool inject --bus nats://127.0.0.1:4222 --host host-2 --kind bear --rate 4GB/s --for 10s
  coldpool inject --host host-1 --kind zipf --size 1GiB --accesses 2M/s --set skew=1.1
  coldpool inject --file workload.yaml --host host-3

Options stand for the fields that a workload has in a scenario; its times count from its start. The size is 256MiB unless
it is given. The run folder's injections.yaml records the command, so that
  coldpool run RUN/scenario.yaml --injections RUN/injections.yaml
gives the same digest.`

const WATCH_EXAMPLES = `
Examples:
  coldpool watch --bus nats://127.0.0.1:4222
  coldpool watch | tee run.log         without a terminal: a line every two seconds, and one for each event

q or Ctrl-C leaves; the run goes on.`

/** Collects an option that may be repeated. */
export function append(value: string, values: readonly string[] | undefined): string[] {
  return [...(values ?? []), value]
}

/** `exit` hears the exit code of the command that was called. */
export function addClusterCommands(program: Command, io: Io & WatchIo, exit: (code: number) => void): void {
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option(...BUS)
      .option(...CLUSTER)

  command('stage', 'carry actors of a cluster')
    .requiredOption('--roles <LIST>', 'what it can carry: some of host, device, promoter, workload; the first names its mail')
    .option('--name <NAME>', 'unique in the cluster, the same after a restart; default: COLDPOOL_NAME, or made up')
    .option('--capacity <N>', 'actors it takes at most; 0: any number', '0')
    .option(...LOG)
    .addHelpText('after', STAGE_EXAMPLES)
    .action(async (flags: StageFlags) => {
      exit(await (await import('./stage.ts')).stage(flags))
    })

  command('inject', 'start a workload in the running cluster')
    .option('--host <NAME>', 'the host it runs on')
    .option('--kind <KIND>', 'zipf, uniform, scan, phases, burst, bear or trace')
    .option('--size <SIZE>', 'memory it allocates')
    .option('--rate <RATE>', 'bytes per second, for scan and bear')
    .option('--accesses <RATE>', 'accesses per second, for the other kinds')
    .option('--attack <TIME>', 'when a bear attacks, after its start')
    .option('--for <TIME>', 'how long a bear attacks')
    .option('--content <CONTENT>', 'what its pages hold')
    .option('--writes <CONTENT>', 'what it writes')
    .option('--set <field=value>', 'any other field; may be repeated', append)
    .option('--file <FILE>', 'a workload in YAML, as it stands in a scenario')
    .option('--id <NAME>', 'its name; default: workload-N')
    .addHelpText('after', INJECT_EXAMPLES)
    .action(async (flags: InjectFlags) => {
      exit(await (await import('./operator.ts')).inject(flags, io))
    })

  command('stop', 'let a workload leave the running cluster')
    .argument('<WORKLOAD>', 'its name, as "coldpool workloads" shows it')
    .action(async (id: string, flags: BusOptions) => {
      exit(await (await import('./operator.ts')).stop(id, flags, io))
    })

  command('pause', 'hold the running cluster').action(async (flags: BusOptions) => {
    exit(await (await import('./operator.ts')).pause(flags, io))
  })

  command('resume', 'let a paused cluster go on').action(async (flags: BusOptions) => {
    exit(await (await import('./operator.ts')).resume(flags, io))
  })

  command('end', "end the running cluster's run early, with a verdict").action(async (flags: BusOptions) => {
    exit(await (await import('./operator.ts')).end(flags, io))
  })

  command('pace', 'set how fast the running cluster goes')
    .argument('<PACE>', 'a multiple of real time such as 1x or 0.5x, or max')
    .action(async (text: string, flags: BusOptions) => {
      exit(await (await import('./operator.ts')).pace(text, flags, io))
    })

  command('workloads', 'list the workloads of the running cluster').action(async (flags: BusOptions) => {
    exit(await (await import('./operator.ts')).workloads(flags, io))
  })

  command('status', 'show how the cluster is, once')
    .option('--json', 'as JSON')
    .action(async (flags: BusOptions & { readonly json?: true }) => {
      const [{ feedOf }, { status }] = await Promise.all([import('./operator.ts'), import('./watch/status.ts')])
      exit(await status(await feedOf(flags), io, flags))
    })

  command('watch', 'look at the running cluster live')
    .option('--plain', 'lines instead of a screen')
    .addHelpText('after', WATCH_EXAMPLES)
    .action(async (flags: BusOptions & { readonly plain?: true }) => {
      const [{ feedOf }, { watch }] = await Promise.all([import('./operator.ts'), import('./watch/watch.ts')])
      exit(await watch(await feedOf(flags), io, flags))
    })
}

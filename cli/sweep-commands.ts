/** The commands of sweeps: what they are called, their options and examples. What they do is loaded when one is called. */
import type { Command } from 'commander'
import { LOG } from './cluster-commands.ts'
import type { Io } from './io.ts'
import type { SweepFlags } from './sweep.ts'
import type { SweepWorkerFlags } from './sweep-worker.ts'

const SWEEP_HELP = `
A sweep file names a scenario, what is set in all variants, and what is varied, by the paths that --set takes:

  name: room-and-bear
  scenario: quickstart                  # a ready-made one, or a file, seen from this one
  set: { duration: 20s }
  axes:
    devices.*.physical: { from: 768MiB, to: 1536MiB, steps: 4 }     # scale: log, whole: true
    workloads.bear.rate: [100MB/s, 200MB/s, 400MB/s]
    promoters.*.chmu: [true, false]
  latinHypercube: { samples: 200 }      # instead of every combination; ranges then need no steps
  seeds: 3                              # runs of each setting
  heatMap: { x: devices.*.physical, y: workloads.bear.rate }        # default: what matters most

The folder gets results.ndjson, a line for each variant as it ends, and at the end results.parquet and sweep.html: heat maps, the
effect of each axis, and the Pareto front of memory saved against slowdown. Ctrl-C, or a kill, loses nothing that was run.

Examples:
  coldpool sweep sweeps/room-and-bear.yaml
  coldpool sweep --resume sweeps/room-and-bear-20260101T120000
  coldpool sweep sweeps/room-and-bear.yaml --bus nats://127.0.0.1:4222
  coldpool schema sweep > sweep.schema.json`

const WORKER_HELP = `
It takes variants of any sweep on the bus, runs each whole on a thread of its own, and needs no files. Any number of them may come
and go; what one leaves undone is handed out again. Ctrl-C ends it.

Examples:
  coldpool sweep-worker --bus nats://127.0.0.1:4222
  coldpool sweep-worker --bus nats://10.0.0.1:4222 --workers 8`

const CLUSTER = ['--cluster <NAME>', 'with --bus: where sweep and workers meet; default: COLDPOOL_CLUSTER, or default'] as const

/** `exit` hears the exit code of the command that was called. */
export function addSweepCommands(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('sweep')
    .description('run a scenario at many settings: a table, and a page that says what is best')
    .argument('[FILE]', 'the sweep, in YAML')
    .option('--resume <DIR>', 'go on with the sweep of this folder')
    .option('--workers <N>', 'threads; default: one for each core')
    .option('--bus <URL>', 'hand the variants out to the workers on this NATS server')
    .option(...CLUSTER)
    .option('--out <DIR>', 'where folders of sweeps are made', 'sweeps')
    .option('--json', 'print what came of it as JSON and nothing else')
    .option('--quiet', 'show no progress')
    .addHelpText('after', SWEEP_HELP)
    .action(async (file: string | undefined, flags: SweepFlags) => {
      exit(await (await import('./sweep.ts')).sweep(file, flags, io))
    })

  program
    .command('sweep-worker')
    .description('run variants of sweeps that others hand out on a bus')
    .option('--bus <URL>', 'the NATS server, such as nats://127.0.0.1:4222; default: COLDPOOL_BUS')
    .option(...CLUSTER)
    .option('--workers <N>', 'threads; default: one for each core')
    .option(...LOG)
    .addHelpText('after', WORKER_HELP)
    .action(async (flags: SweepWorkerFlags) => {
      exit(await (await import('./sweep-worker.ts')).sweepWorker(flags))
    })
}

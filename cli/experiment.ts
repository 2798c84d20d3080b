/** `coldpool experiment`: a question put to the simulator, with a table, a picture and a paragraph as the answer. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ColdpoolError } from '#shared/errors.ts'
import { printable } from '#shared/scenario/problems.ts'
import { EXPERIMENTS, experimentOf } from '#experiments/catalogue.ts'
import { guarded, stampedFolder } from '#simulation/output.ts'
import { EXIT_INTERRUPTED, listenForInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { showGauge } from './progress.ts'

export interface ExperimentFlags {
  readonly seeds?: string
  readonly out: string
  readonly json?: true
  readonly quiet?: true
}

const SEEDS_MAX = 1000

/** Gives the exit code. What an interrupted experiment has run stays in its folder. */
export async function experiment(name: string, flags: ExperimentFlags, io: Io): Promise<number> {
  const { out, json = false, quiet = false } = flags
  const chosen = experimentOf(name)
  const seeds = flags.seeds === undefined ? undefined : seedsOf(flags.seeds)
  const folder = stampedFolder(out, `experiment-${name}`)
  guarded(folder, () => writeFileSync(join(folder, 'scenario.yaml'), chosen.scenario))
  const [{ study }, { answerOf }] = await Promise.all([import('#experiments/study.ts'), import('#experiments/answer.ts')])
  using interrupt = listenForInterrupt(io, 'the experiment ends now, without an answer; what was run stays')
  using progress = showGauge(json || quiet ? undefined : io.stderr)
  const startedMs = performance.now()
  let done = 0
  try {
    const given = await study(chosen, {
      ...(seeds !== undefined && { seeds }),
      signal: interrupt.signal,
      onRun: ({ axis, at, policy, seed }, verdict, trials) => {
        const figures = Object.fromEntries(chosen.measures.map((measure) => [measure.name, measure.of(verdict)]))
        const line = JSON.stringify({ axis, at, policy, seed, digest: verdict.digest, ...figures })
        guarded(folder, () => appendFileSync(join(folder, 'runs.ndjson'), `${line}\n`))
        const leftSeconds = ((performance.now() - startedMs) / ++done / 1000) * (trials - done)
        progress.show(done, trials, () => `${done} of ${trials} runs · ${leftSeconds.toFixed(0)} s left`)
      },
    })
    progress.end()
    const { text, charts } = await answerOf(given)
    guarded(folder, () => {
      writeFileSync(join(folder, 'answer.md'), `# ${name}\n\n${text}\n`)
      for (const [axis, svg] of Object.entries(charts)) writeFileSync(join(folder, `${axis}.svg`), svg)
    })
    const points = given.results.points
    io.stdout.write(json ? `${JSON.stringify({ experiment: name, points }, null, 2)}\n` : `${text}\n\n${folder}\n`)
    return 0
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT_INTERRUPTED
    throw error
  }
}

/** `coldpool experiments`. */
export function listExperiments(io: Io): void {
  const width = Math.max(...EXPERIMENTS.map(({ name }) => name.length))
  for (const { name, question } of EXPERIMENTS) io.stdout.write(`${name.padEnd(width)}  ${question}\n`)
}

function seedsOf(text: string): number {
  const seeds = Number(text)
  if (/^\d+$/.test(text) && seeds >= 1 && seeds <= SEEDS_MAX) return seeds
  throw new ColdpoolError('CP_OPTION', '--seeds', `got ${printable(text)}`, `a whole number from 1 to ${SEEDS_MAX}`)
}

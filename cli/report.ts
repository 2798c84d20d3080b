/** `coldpool report`: the page of a run that has ended, written into its folder. */
import { writeReport } from '#simulation/report/report.ts'
import type { Io } from './io.ts'
import { showGauge } from './progress.ts'

export interface ReportFlags {
  readonly quiet?: true
}

/** Gives the exit code. */
export async function reportRun(folder: string, { quiet }: ReportFlags, io: Io): Promise<number> {
  using progress = showGauge(quiet === true ? undefined : io.stderr)
  const file = await writeReport(folder, {
    onDrawn: (drawn, charts) => progress.show(drawn, charts, () => `${drawn} of ${charts} charts`),
  })
  progress.end()
  io.stdout.write(`${file}\n`)
  return 0
}

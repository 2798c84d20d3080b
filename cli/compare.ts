/** `coldpool compare`: runs side by side, as tables, as a page and as data. */
import { writeFileSync } from 'node:fs'
import { ColdpoolError } from '#shared/errors.ts'
import { compare, comparisonData, comparisonPage, RUNS_MAX } from '#simulation/comparison/comparison.ts'
import { renderComparison } from '#simulation/comparison/render.ts'
import { guarded } from '#simulation/output.ts'
import { RunRecord } from '#simulation/report/record.ts'
import type { Io } from './io.ts'
import { showGauge } from './progress.ts'

export interface CompareFlags {
  readonly out?: string
  readonly json?: true
  readonly quiet?: true
}

const PAGE = 'compare.html'

/** Gives the exit code. */
export async function compareRuns(folders: readonly string[], { out, json, quiet }: CompareFlags, io: Io): Promise<number> {
  if (folders.length < 2 || folders.length > RUNS_MAX) {
    throw new ColdpoolError('CP_OPTION', 'RUNS', `got ${folders.length}`, `the folders of 2 to ${RUNS_MAX} runs`)
  }
  if (out === '') throw new ColdpoolError('CP_OPTION', '--out', 'got ""', 'the name of a file')
  const comparison = compare(folders.map((folder) => RunRecord.read(folder)))
  const file = out ?? (json ? undefined : PAGE)
  if (file !== undefined) {
    using progress = showGauge(quiet || json ? undefined : io.stderr)
    const page = await comparisonPage(comparison, (drawn, charts) =>
      progress.show(drawn, charts, () => `${drawn} of ${charts} charts`),
    )
    guarded(file, () => writeFileSync(file, page))
  }
  if (json) io.stdout.write(`${JSON.stringify(comparisonData(comparison), null, 2)}\n`)
  else io.stdout.write(`${renderComparison(comparison)}\nPage: ${file}\n`)
  return 0
}

/** What an experiment gives to read: tables, a paragraph and its limits, and a picture for each axis. */
import { chartOf } from './chart.ts'
import type { Study } from './study.ts'
import { tablesOf } from './table.ts'

export interface Answer {
  /** Markdown, without a heading. */
  readonly text: string
  /** SVG by the name of the axis. */
  readonly charts: Readonly<Record<string, string>>
}

export async function answerOf({ experiment, results, runs, seeds }: Study): Promise<Answer> {
  const charts: Record<string, string> = {}
  for (const axis of experiment.axes) charts[axis.name] = await chartOf(experiment, axis, results)
  const text = [
    `*${experiment.question}* ${experiment.hypothesis}`,
    experiment.finding(results),
    `Limits: ${experiment.limits} ${runs} runs, ${seeds} seed${seeds === 1 ? '' : 's'} a point; ± is half of the 95 % confidence interval.`,
    tablesOf(experiment, results),
  ].join('\n\n')
  return { text, charts }
}

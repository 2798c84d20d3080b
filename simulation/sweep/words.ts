/** What a sweep says, in words: what was run, what is best, what matters. */
import { formatBytes } from '#shared/units.ts'
import { shownFigure } from '../report/measure.ts'
import type { Analysis, Effect, Point } from './analysis.ts'
import { shownValue } from './levels.ts'
import type { Sweep } from './sweep-file.ts'

/** `workloads.bear.rate 100 MB/s, devices.*.physical 1.00 GiB`. */
export function settingWords({ axes }: Sweep, { setting }: Point): string {
  return axes.map((axis, i) => `${axis.path} ${shownValue(axis, setting.values[i]!)}`).join(', ')
}

export function storyOf(analysis: Analysis): string[] {
  const { sweep, points, front, compromise, effects } = analysis
  const { seeds, axes, variants } = sweep
  const most = front[0]!
  const fastest = front.at(-1)!
  const told = (point: Point): string => `${saved(point)} at ${slowdown(point)}, with ${settingWords(sweep, point)}`
  const lines = [
    `${count(variants.length, 'run')} of ${sweep.name}: ${count(points.length, 'setting')} of ${count(axes.length, 'axis', 'axes')}, ${count(seeds, 'seed')} each.`,
    soundness(points),
  ]
  if (front.length === 1) lines.push(`Best: ${told(most)}. No other setting saves more memory or is slowed down less.`)
  else {
    lines.push(
      `Most memory saved: ${told(most)}.`,
      `Least slowdown: ${told(fastest)}.`,
      `Best compromise: ${told(compromise)}. ${share(compromise, most, fastest)}`,
    )
  }
  lines.push(
    matter('slowdown of the slowest host', effects.slowdownWorst, 'slowdownWorst'),
    matter('memory saved', effects.savedBytes, 'savedBytes'),
  )
  return lines
}

function soundness(points: readonly Point[]): string {
  const lossy = points.filter((point) => !point.sound).length
  if (lossy === 0) return 'In no run a device ran out of space, a write was lost or a task was killed.'
  if (lossy === points.length) {
    return 'At every setting some run ran out of space on a device, lost a write or had a task killed; what follows compares them all the same.'
  }
  return `At ${lossy} of ${points.length} settings some run ran out of space on a device, lost a write or had a task killed; none of them is among the best.`
}

function saved({ means }: Point): string {
  return means.savedBytes < 0 ? `${formatBytes(-means.savedBytes)} lost` : `${formatBytes(means.savedBytes)} saved`
}

function slowdown({ means }: Point): string {
  return shownFigure('slowdownWorst', means.slowdownWorst)
}

function share(point: Point, most: Point, fastest: Point): string {
  if (point === most) return 'It is the one that saves most.'
  if (point === fastest) return 'It is the one that is slowed down least.'
  const part = ((point.means.savedBytes - fastest.means.savedBytes) / (most.means.savedBytes - fastest.means.savedBytes)) * 100
  const cost =
    ((point.means.slowdownWorst - fastest.means.slowdownWorst) / (most.means.slowdownWorst - fastest.means.slowdownWorst)) * 100
  return `Between the two it has ${part.toFixed(0)} % of what more can be saved for ${cost.toFixed(0)} % of the slowdown.`
}

/** What moves a figure, and whether that is more than seeds do. */
function matter(what: string, effects: readonly Effect[], name: 'slowdownWorst' | 'savedBytes'): string {
  const [first, ...rest] = effects
  if (first === undefined || first.size === 0) return `No axis moves the ${what}.`
  const told = ({ axis, low, high }: Effect): string =>
    `${axis.path}, from ${shownFigure(name, low.mean)} at ${low.level.name} to ${shownFigure(name, high.mean)} at ${high.level.name} on average`
  const second = rest[0] && rest[0].size > 0 ? `; then ${told(rest[0])}` : ''
  const doubtful = effects.filter(({ low, high }) => low.greatest >= high.least).map(({ axis }) => axis.path)
  const noise = doubtful.length > 0 ? ` Within what seeds do: ${doubtful.join(', ')}.` : ''
  return `What moves the ${what} most is ${told(first)}${second}.${noise}`
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

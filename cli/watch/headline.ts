/** What heads a frame: which run this is, how far it is and how it goes, and whatever is wrong with it. */
import type { Status } from '#shared/observe/broadcast.ts'
import { formatCount } from '#shared/units.ts'
import { cut, joined, plain, span, widthOf, type Line, type Style } from './line.ts'

/** Drops that happen in every run: what is sent again may come twice, and late. */
const ORDINARY: ReadonlySet<string> = new Set(['old', 'double', 'unproven'])

/** A status comes once a second; after so long without one the watcher says so. */
const STALE_SECONDS = 3
/** Until a run is said to be waited for. */
export const PATIENCE_SECONDS = 3

const STATE_STYLES: Readonly<Record<Status['state'], Style>> = {
  waiting: ['yellowBright', 'bold'],
  running: ['greenBright', 'bold'],
  paused: ['yellowBright', 'bold'],
  recovering: ['yellowBright', 'bold'],
  full: ['redBright', 'bold'],
  ended: ['cyanBright', 'bold'],
  failed: ['redBright', 'bold'],
}

/** Scenario, state, time, pace; on little room the state and the time come first. */
export function headline(status: Status, columns: number): Line {
  const state = span(status.state, STATE_STYLES[status.state])
  const name = span(plain(status.scenario), 'bold')
  const essence = [state, span(` ${timeOf(status)}`)]
  if (name.text.length + 1 + widthOf(essence) > columns) return joined([essence, [name]], columns)
  return joined(
    [
      [name, span(' '), state],
      [span(timeOf(status))],
      [span(paceOf(status), status.behindSeconds >= 1 ? 'yellowBright' : undefined)],
    ],
    columns,
  )
}

/** What changes seldom, as much as fits. */
export function footnotes(status: Status, columns: number): Line {
  const live = status.stages.filter(({ state }) => state === 'live').length
  const dropped = Object.entries(status.dropped).reduce((sum, [cause, count]) => (ORDINARY.has(cause) ? sum : sum + count), 0)
  return joined(
    [
      [span(`generation ${status.generation}`, 'dim')],
      [span(`${formatCount(status.quanta)} quanta`, 'dim')],
      ...(live < status.stages.length ? [[span(`${live} of ${status.stages.length} stages live`, 'yellowBright')]] : []),
      [span(`run ${plain(status.run)}`, 'dim')],
      ...(dropped > 0 ? [[span(`${formatCount(dropped)} messages dropped`, 'yellowBright')]] : []),
      [span('q quits', 'dim')],
      ...(status.lastSetSeconds >= 0 ? [[span(`snapshots of ${status.lastSetSeconds.toFixed(1)} s`, 'dim')]] : []),
      [span(`seed ${status.seed}`, 'dim')],
    ],
    columns,
  )
}

/** How much of the run's time is over, from edge to edge. */
export function progressRule({ virtualSeconds, totalSeconds }: Status, columns: number): Line {
  const fraction = totalSeconds > 0 ? Math.min(1, virtualSeconds / totalSeconds) : 0
  const done = Math.round(fraction * columns)
  return [span('━'.repeat(done), 'greenBright'), span('─'.repeat(columns - done), 'dim')]
}

/** The status's remark and that nothing is heard, each on one line or more. */
export function remarks(status: Status, silentSeconds: number, columns: number): Line[] {
  const silent = silence(silentSeconds)
  return [
    ...(silent === undefined ? [] : [cut([span(silent, ['redBright', 'bold'])], columns)]),
    ...wrapped(plain(status.remark), columns).map((text) => [span(text, 'yellowBright')]),
  ]
}

/** `no word for 7 s`, once that is worth saying. */
export function silence(seconds: number): string | undefined {
  return seconds >= STALE_SECONDS ? `no word for ${Math.floor(seconds)} s` : undefined
}

export function timeOf({ virtualSeconds, totalSeconds }: Status): string {
  return `${virtualSeconds.toFixed(1)} of ${Number(totalSeconds.toFixed(1))} s`
}

export function paceOf({ pace, behindSeconds }: Status): string {
  if (pace === 0) return 'as fast as possible'
  const behind = behindSeconds >= 0.1 ? `, ${behindSeconds.toFixed(1)} s behind` : ''
  return `pace ${Number(pace.toPrecision(3))}×${behind}`
}

/** On lines of at most so many columns, broken at blanks. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter((part) => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
    while (line.length > columns) {
      lines.push(line.slice(0, columns))
      line = line.slice(columns)
    }
  }
  return line === '' ? lines : [...lines, line]
}

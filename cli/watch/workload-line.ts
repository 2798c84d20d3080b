/** The workloads of a run: on a few lines of a frame, and as a table. */
import type { Status } from '#shared/observe/broadcast.ts'
import { cut, joined, paint, plain, span, widthOf, type Line, type Style } from './line.ts'
import { table } from './table.ts'

type Workload = Status['workloads'][number]

const STATE_STYLES: Readonly<Record<Workload['state'], Style>> = { present: 'greenBright', stopping: 'yellowBright', left: 'dim' }

/** Each workload by name, on as many lines as it takes; nothing if there are none. */
export function workloadLines({ workloads }: Status, columns: number): Line[] {
  const lines: Line[] = []
  let line: Line = []
  for (const workload of workloads) {
    const next = [...(line.length === 0 ? [] : [...line, span(' · ', 'dim')]), ...described(workload)]
    if (line.length > 0 && widthOf(next) > columns) {
      lines.push(line)
      line = described(workload)
    } else line = next
  }
  return [...lines, ...(line.length > 0 ? [line] : [])].map((full) => cut(full, columns))
}

/** How many are in which state. */
export function workloadCounts({ workloads }: Status, columns: number): Line {
  const count = (state: Workload['state']) => workloads.filter((workload) => workload.state === state).length
  const injected = workloads.filter((workload) => workload.injected).length
  return joined(
    [
      [span('workloads ', 'dim'), span(`${count('present')} present`, 'greenBright')],
      ...(count('stopping') > 0 ? [[span(`${count('stopping')} stopping`, 'yellowBright')]] : []),
      ...(count('left') > 0 ? [[span(`${count('left')} left`, 'dim')]] : []),
      ...(injected > 0 ? [[span(`${injected} injected`)]] : []),
    ],
    columns,
  )
}

/** For `coldpool workloads`: a line a workload under a line of titles. */
export function workloadsTable({ workloads }: Status): string {
  if (workloads.length === 0) return 'no workloads'
  const column = (title: string, of: (workload: Workload) => string) => ({
    title,
    rank: 0,
    side: 'left' as const,
    cells: workloads.map((workload) => [span(plain(of(workload)))]),
  })
  const { head, rows } = table(
    [
      column('workload', ({ id }) => id),
      column('host', ({ host }) => host),
      column('kind', ({ kind }) => kind),
      column('state', ({ state }) => state),
      column('injected', ({ injected }) => (injected ? 'yes' : 'no')),
    ],
    Infinity,
  )
  return [head, ...rows].map((line) => paint(line, false)).join('\n')
}

function described({ id, host, kind, state, injected }: Workload): Line {
  const origin = injected ? ', injected' : ''
  return [
    span(plain(id), state === 'left' ? 'dim' : 'bold'),
    span(` ${plain(kind)} on ${plain(host)}${origin}${state === 'present' ? '' : ', '}`, state === 'left' ? 'dim' : undefined),
    ...(state === 'present' ? [] : [span(state, STATE_STYLES[state])]),
  ]
}

/** `coldpool status`: how the cluster is, once, as a table or as JSON. */
import { ColdpoolError } from '#shared/errors.ts'
import type { StageStatus, Status } from '#shared/observe/broadcast.ts'
import { formatCount } from '#shared/units.ts'
import type { Io } from '../io.ts'
import type { Feed } from './feed.ts'
import { paceOf, timeOf } from './headline.ts'
import { paint, plain, span } from './line.ts'
import { table } from './table.ts'
import { workloadsTable } from './workload-line.ts'

/** A status comes once a second; whoever is there is heard within this. */
const PATIENCE_MS = 3000

export interface StatusOptions {
  readonly json?: boolean
}

/** Gives the exit code. Closes the feed. */
export async function status(feed: Feed, io: Io, { json = false }: StatusOptions = {}): Promise<number> {
  const heard = await nextStatus(feed)
  io.stdout.write(`${json ? JSON.stringify(heard, null, 2) : statusTable(heard)}\n`)
  return 0
}

/** The next status that the feed brings; CP_BUS if none comes. Closes the feed. */
export async function nextStatus(feed: Feed): Promise<Status> {
  const { promise, resolve, reject } = Promise.withResolvers<Status>()
  const timer = setTimeout(() => {
    const seconds = PATIENCE_MS / 1000
    reject(new ColdpoolError('CP_BUS', 'status', `nothing was heard for ${seconds} s`, 'a conductor that runs on this bus'))
  }, PATIENCE_MS)
  try {
    // The subscription itself may hang, or fail; either way the wait has an end.
    feed.follow({ status: resolve }).catch(reject)
    return await promise
  } finally {
    clearTimeout(timer)
    await feed.close()
  }
}

export function statusTable(heard: Status): string {
  const { run, scenario, seed, quantum, quanta, generation, lastSetSeconds, remark, dropped } = heard
  const lost = Object.entries(dropped).filter(([, count]) => count > 0)
  const facts = [
    ['run', `${run}: ${scenario}, seed ${seed}`],
    ['state', remark === '' ? heard.state : `${heard.state}: ${remark}`],
    ['time', `${timeOf(heard)}, quantum ${quantum}, ${formatCount(quanta)} quanta granted, ${paceOf(heard)}`],
    [
      'snapshots',
      `${lastSetSeconds < 0 ? 'none yet' : `last whole set of ${lastSetSeconds.toFixed(1)} s`}, generation ${generation}`,
    ],
    ['dropped', lost.length === 0 ? 'no messages' : lost.map(([cause, count]) => `${cause} ${count}`).join(', ')],
    ['standby', heard.standby.length === 0 ? 'no stages' : heard.standby.join(', ')],
  ] as const
  return [
    ...facts.map(([name, fact]) => `${name.padEnd(9)}  ${plain(fact)}`),
    '',
    stagesTable(heard.stages),
    '',
    workloadsTable(heard),
  ].join('\n')
}

function stagesTable(stages: readonly StageStatus[]): string {
  if (stages.length === 0) return 'no stages'
  const column = (title: string, of: (stage: StageStatus) => string) => ({
    title,
    rank: 0,
    side: 'left' as const,
    cells: stages.map((stage) => [span(plain(of(stage)))]),
  })
  const { head, rows } = table(
    [
      column('stage', ({ name }) => name),
      column('state', ({ state, silentSeconds }) => (state === 'silent' ? `silent for ${silentSeconds.toFixed(0)} s` : state)),
      column('roles', ({ roles }) => roles.join(' ')),
      column('actors', ({ actors }) => actors.join(' ')),
    ],
    Infinity,
  )
  return [head, ...rows].map((line) => paint(line, false)).join('\n')
}

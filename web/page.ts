/** The page: follows the dashboard's stream, and draws what is new at most once a frame. Start here. */
import type { News, Whole } from '#simulation/dashboard/board.ts'
import type { Mark } from '#simulation/dashboard/marks.ts'
import { ActView } from './act-view.ts'
import { Theme, paintOf } from './colours.ts'
import { ContentionView } from './contention-view.ts'
import { byId } from './dom.ts'
import { HostView } from './host-view.ts'
import { PromoterView } from './promoter-view.ts'
import { RaceView } from './race-view.ts'
import { Run } from './run.ts'
import { TimelineView } from './timeline-view.ts'
import { type Link, Transport } from './transport.ts'
import type { Desk, View } from './view.ts'

/** After the server has refused the stream; a lost connection is tried again by the browser itself. */
const RETRY_MS = 2000

const run = new Run()
const theme = new Theme(byId('theme'))
let paint = paintOf()
let moment: number | undefined
let chosen: Mark | undefined
let link: Link = 'connecting'
let drawn = { run: -1, marks: 0 }

const desk: Desk = {
  run,
  paint: () => paint,
  moment: () => moment,
  mark: () => chosen,
  choose: (what) => {
    chosen = typeof what === 'object' ? what : undefined
    moment = typeof what === 'object' ? run.secondsOf(what) : what
    for (const view of views) view.repaint('marks')
    if (what !== undefined) byId('timeline').scrollIntoView({ block: 'nearest' })
  },
}
const views: readonly View[] = [
  new RaceView(desk),
  new HostView(desk),
  new ContentionView(desk),
  new PromoterView(desk),
  new TimelineView(desk),
  new ActView(desk),
]
const transport = new Transport(run)

theme.onChange(() => {
  paint = paintOf()
  for (const view of views) view.repaint('theme')
})

let asked = false
function draw(): void {
  if (asked) return
  asked = true
  requestAnimationFrame(() => {
    asked = false
    transport.update(link)
    const begun = run.number !== drawn.run
    if (begun) {
      moment = undefined
      chosen = undefined
      for (const view of views) view.build()
    }
    if (run.status !== undefined) for (const view of views) view.update()
    if (!begun && run.marks.length !== drawn.marks) for (const view of views) view.repaint('marks')
    drawn = { run: run.number, marks: run.marks.length }
  })
}

function follow(): void {
  const source = new EventSource('/events')
  source.addEventListener('open', () => {
    link = 'open'
    draw()
  })
  source.addEventListener('whole', (event) => {
    run.begin(JSON.parse((event as MessageEvent<string>).data) as Whole)
    draw()
  })
  source.addEventListener('news', (event) => {
    run.take(JSON.parse((event as MessageEvent<string>).data) as News)
    draw()
  })
  source.addEventListener('error', () => {
    link = 'lost'
    draw()
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, RETRY_MS)
  })
}

follow()

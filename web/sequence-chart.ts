/** A sequence as a drawing: a lifeline for each actor, an arrow for all mail of a kind from one to another in a quantum. */
import { element } from './dom.ts'
import { type Group, groupWords, lineWords, type Sequence, toneOf } from './sequence.ts'

const SVG = 'http://www.w3.org/2000/svg'
const PITCH_MIN = 104
const ROW = 27
const GROUP = 30
const HEAD = 26
/** Pixels of a letter, at the drawing's sizes, and then some. */
const LETTER = 6.6
const ARROW = 7
/** What is in sight at a time, at least on a wide screen; and the width of a group's caption. */
const SEEN = 560
const GROUP_WIDTH = 330

export interface SequenceChart {
  readonly root: HTMLElement
  /** Where the chosen actor stands, and where its event is. */
  readonly x: number
  readonly y: number
}

/** Its head stays in sight while its body scrolls. `chosen`: the actor whose event it is about. */
export function sequenceChart(sequence: Sequence, chosen: string): SequenceChart {
  const { actors, groups } = sequence
  const pitch = Math.max(PITCH_MIN, Math.max(...actors.map((actor) => actor.length)) * LETTER + 24)
  const captions = groups.map(captionOf)
  const width = Math.max(pitch * actors.length, ...captions.map((caption) => caption.length * LETTER + 12))
  const at = new Map(actors.map((actor, i) => [actor, (i + 0.5) * (width / actors.length)]))
  const head = drawing(width, HEAD, 'sequence-head')
  for (const [actor, x] of at) head.append(text(actor, x, 17, actor === chosen ? 'name chosen' : 'name'))
  const heights = groups.map(({ lines, marks }) => GROUP + (lines.length + marks.length) * ROW)
  const height = heights.reduce((sum, each) => sum + each, 6)
  const body = drawing(width, height, 'sequence-body')
  for (const [actor, x] of at) body.append(line(x, 0, x, height, actor === chosen ? 'life chosen' : 'life'))
  let y = 0
  let now = 0
  for (const [i, group] of groups.entries()) {
    if (group.away === 0) {
      now = y
      body.append(node('rect', { x: 0, y, width, height: heights[i]!, class: 'now' }))
    }
    body.append(line(0, y + 0.5, width, y + 0.5, 'between'))
    // Again and again, for a wide drawing is seen in parts.
    for (let x = 6; x < Math.max(7, width - GROUP_WIDTH); x += SEEN) {
      body.append(text(captions[i]!, x, y + 18, 'group'))
    }
    let row = y + GROUP + ROW / 2
    for (const each of group.lines) {
      body.append(arrow(at.get(each.from)!, at.get(each.to)!, row, width, lineWords(each), toneOf(each)))
      row += ROW
    }
    for (const { actor, code } of group.marks) {
      body.append(event(at.get(actor)!, row, width, code))
      row += ROW
    }
    y += heights[i]!
  }
  const label = `Sequence diagram of the mail between ${actors.join(', ')}; the table has the same`
  const root = element('div', { class: 'sequence', role: 'img', 'aria-label': label }, head, body)
  return { root, x: at.get(chosen)!, y: now }
}

function captionOf(group: Group): string {
  const nothing = group.lines.length + group.marks.length + group.more === 0 ? ': no mail' : ''
  const more = group.more > 0 ? `; ${group.more} more are not drawn` : ''
  return `${groupWords(group)}${nothing}${more}`
}

function arrow(from: number, to: number, y: number, width: number, words: string, tone: string): SVGElement {
  const group = node('g', { class: `mail ${tone}` })
  const way = Math.sign(to - from)
  group.append(
    line(from, y + 5, to - way * ARROW, y + 5, 'shaft'),
    node('path', { d: `M${to - way * 2} ${y + 5}l${-way * ARROW} -4v8z`, class: 'tip' }),
  )
  // It stands where the arrow begins, and of a long one also where it ends; and leaves the drawing at no side.
  const long = words.length * LETTER + 8
  const put = (x: number): void => group.append(text(words, Math.max(4, Math.min(x, width - long)), y, 'words'))
  put(way < 0 ? from - long : from + 8)
  if (Math.abs(to - from) > SEEN) put(way < 0 ? to + 12 : to - long - 4)
  return group
}

/** Beside its lifeline, on the side where there is room. */
function event(x: number, y: number, width: number, code: string): SVGElement {
  const group = node('g', { class: 'event' })
  const left = x + 12 + code.length * LETTER > width
  group.append(node('circle', { cx: x, cy: y, r: 5 }), text(code, left ? x - 10 : x + 10, y + 4, left ? 'code left' : 'code'))
  return group
}

function drawing(width: number, height: number, name: string): SVGElement {
  return node('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: name, 'aria-hidden': 'true' })
}

function line(x1: number, y1: number, x2: number, y2: number, name: string): SVGElement {
  return node('line', { x1, y1, x2, y2, class: name })
}

function text(words: string, x: number, y: number, name: string): SVGElement {
  const made = node('text', { x, y, class: name })
  made.textContent = words
  return made
}

function node(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value))
  return made
}

/**
 * A device's physical capacity as a bar, `▕████▓▓▓▒··     ┃   ▏`: what each host holds, what waits to be zeroed (dots), what is
 * free; ┃ is the low threshold. Colours and characters both tell the hosts apart, so either alone is enough.
 */
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { span, type Line, type Span, type Style } from './line.ts'
import type { Picture } from './picture.ts'

/** By the host's place in the scenario; both turn over, so the pair is the host's for many hosts. */
const GLYPHS = '█▓▒░#%=+'
const COLOURS: readonly Style[] = ['cyanBright', 'magentaBright', 'blueBright', 'greenBright', 'yellow', 'white', 'cyan']

/** How a host is told from the others, in every bar and in the table of hosts. */
export function hostMark(status: Status, host: string): Span {
  const place = Math.max(0, Object.keys(status.hosts).indexOf(host))
  return span(GLYPHS[place % GLYPHS.length]!, COLOURS[place % COLOURS.length])
}

export function bar(picture: Picture, status: Status, id: string, columns: number): Line {
  const { physicalBytes, lowFraction, hosts } = status.devices[id]!
  const inner = columns - 2
  const edge = (bytes: number): number => Math.min(inner, Math.round((bytes / Math.max(physicalBytes, PAGE_BYTES)) * inner))
  const cells: Span[] = []
  let bytes = 0
  const fill = (more: number | undefined, cell: Span): void => {
    bytes += more ?? 0
    while (cells.length < edge(bytes)) cells.push(cell)
  }
  for (const host of hosts) fill(picture.value(id, `byHost.${host}.usedBytes`), hostMark(status, host))
  fill(picture.value(id, 'pendingZeroBytes'), span('·', 'dim'))
  while (cells.length < inner) cells.push(span(' '))
  const low = Math.min(inner - 1, Math.floor((1 - lowFraction) * inner))
  if (low >= 0) cells[low] = span('┃', (picture.value(id, 'pressure') ?? 0) > 0 ? 'redBright' : 'yellowBright')
  return [span('▕', 'dim'), ...merged(cells), span('▏', 'dim')]
}

/** Neighbours of one look as one span. */
function merged(cells: readonly Span[]): Line {
  const line: Span[] = []
  for (const cell of cells) {
    const last = line.at(-1)
    if (last !== undefined && last.style === cell.style) line[line.length - 1] = { ...last, text: last.text + cell.text }
    else line.push(cell)
  }
  return line
}

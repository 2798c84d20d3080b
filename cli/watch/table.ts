/** A table that fits: columns as wide as their widest cell, the least important ones left out where there is no room. */
import { cut, padded, span, widthOf, type Line } from './line.ts'

export interface Column {
  readonly title: string
  readonly cells: readonly Line[]
  /** The higher, the sooner it is left out; the columns of rank 0 stay. */
  readonly rank: number
  readonly side: 'left' | 'right'
  /** Never narrower, so that a table that is drawn again and again keeps its columns where they are. */
  readonly least?: number
}

/** `1.00 GiB`. */
export const BYTES_WIDTH = 8

const GAP = 2

export interface Table {
  readonly head: Line
  readonly rows: readonly Line[]
}

export function table(columns: readonly Column[], width: number): Table {
  const chosen = fitting(columns, width)
  const widths = chosen.map(widthOfColumn)
  const row = (cells: readonly Line[]): Line => {
    const gap = span(' '.repeat(GAP))
    return cut(
      cells.flatMap((cell, i) => [...(i === 0 ? [] : [gap]), ...padded(cell, widths[i]!, chosen[i]!.side)]),
      width,
    )
  }
  return {
    head: row(chosen.map(({ title }) => [span(title, 'dim')])),
    rows: (chosen[0]?.cells ?? []).map((_, i) => row(chosen.map(({ cells }) => cells[i]!))),
  }
}

/** How wide the table is that `table` would make if it had all the room that it wants. */
export function widthOfTable(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + widthOfColumn(column), GAP * Math.max(0, columns.length - 1))
}

export function fitting(columns: readonly Column[], width: number): readonly Column[] {
  let chosen = columns
  while (widthOfTable(chosen) > width) {
    const rank = Math.max(...chosen.map((column) => column.rank))
    if (rank === 0) break
    chosen = chosen.filter((column) => column.rank !== rank)
  }
  return chosen
}

function widthOfColumn({ title, cells, least = 0 }: Column): number {
  return cells.reduce((widest, cell) => Math.max(widest, widthOf(cell)), Math.max(least, title.length))
}

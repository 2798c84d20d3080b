/**
 * A line of a terminal as spans of text, each with its style; its width is that of its text, whatever the colours. Text
 * from outside goes through `plain` first, so that one character is one column and nothing can drive the terminal.
 */
import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]

export interface Span {
  readonly text: string
  readonly style?: Style
}

export type Line = readonly Span[]

/** Letters of Latin, Greek and Cyrillic, general punctuation, arrows to block elements: none wider than a column. */
const ONE_COLUMN = /[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0530\u2010-\u2027\u2190-\u2211\u2500-\u259f]/gu

export function plain(text: string): string {
  return text.replace(ONE_COLUMN, '?')
}

export function span(text: string, style?: Style): Span {
  return style === undefined ? { text } : { text, style }
}

export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0)
}

/** At most so many columns; what is cut off is told by `…`. */
export function cut(line: Line, columns: number): Line {
  if (widthOf(line) <= columns) return line
  const kept: Span[] = []
  let room = columns - 1
  for (const { text, style } of line) {
    if (room <= 0) break
    kept.push(span(text.slice(0, room), style))
    room -= text.length
  }
  return columns > 0 ? [...kept, span('…', 'dim')] : []
}

/** Filled up with blanks to so many columns. */
export function padded(line: Line, columns: number, side: 'left' | 'right'): Line {
  const blanks = span(' '.repeat(Math.max(0, columns - widthOf(line))))
  if (blanks.text === '') return line
  return side === 'left' ? [...line, blanks] : [blanks, ...line]
}

/** The line's parts with a separator between them, as many from the front as fit; at least the first. */
export function joined(parts: readonly Line[], columns: number, separator = ' · '): Line {
  let line: Line = []
  for (const part of parts) {
    const next = line.length === 0 ? part : [...line, span(separator, 'dim'), ...part]
    if (line.length > 0 && widthOf(next) > columns) break
    line = next
  }
  return cut(line, columns)
}

export function paint(line: Line, colour: boolean): string {
  return line
    .map(({ text, style }) => (colour && style !== undefined ? styleText(style, text, { validateStream: false }) : text))
    .join('')
    .trimEnd()
}

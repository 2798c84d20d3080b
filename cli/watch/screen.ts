/**
 * A picture on a terminal, redrawn in place on its alternate screen, so that what was there before is there again
 * afterwards. Only lines that have changed are written, in one piece, at most ten times a second.
 */
import { stripVTControlCharacters } from 'node:util'
import { frame } from './frame.ts'
import type { Picture } from './picture.ts'
import type { View } from './view.ts'

const EVERY_MS = 100
/** Where a terminal does not know its size. */
const COLUMNS = 80
const ROWS = 24
/** The smallest size that a frame is made for; a smaller terminal shows its corner. */
const COLUMNS_MIN = 20
const ROWS_MIN = 5

/** Alternate screen, no cursor, no wrapping at the right edge. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
/** Terminals that know it show all in between at once. */
const BEGIN = '\x1b[?2026h'
const END = '\x1b[?2026l'
const CLEAR = '\x1b[2J'
const CLEAR_REST = '\x1b[K'

/** As much of a `tty.WriteStream` as is used. */
export interface Terminal {
  write(text: string): unknown
  readonly columns?: number
  readonly rows?: number
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

export interface ScreenOptions {
  readonly colour: boolean
  readonly silentSeconds: () => number
}

export class Screen implements View {
  readonly #picture: Picture
  readonly #terminal: Terminal
  readonly #options: ScreenOptions
  /** What the terminal shows; undefined: nothing that is known. */
  #shown: readonly string[] | undefined
  #drawnMs = -Infinity
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(picture: Picture, terminal: Terminal, options: ScreenOptions) {
    this.#picture = picture
    this.#terminal = terminal
    this.#options = options
    terminal.write(ENTER)
    terminal.on('resize', this.#resized)
    // Whatever ends the process, the terminal is given back.
    process.on('exit', this.#restore)
    this.update()
  }

  update(): void {
    if (this.#ended || this.#timer !== undefined) return
    const waitMs = this.#drawnMs + EVERY_MS - performance.now()
    if (waitMs <= 0) this.#draw()
    else {
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        this.#draw()
      }, waitMs)
    }
  }

  end(): void {
    if (this.#ended) return
    clearTimeout(this.#timer)
    this.#terminal.off('resize', this.#resized)
    process.off('exit', this.#restore)
    this.#restore()
  }

  readonly #restore = (): void => {
    this.#ended = true
    this.#terminal.write(LEAVE)
  }

  readonly #resized = (): void => {
    this.#shown = undefined
    this.update()
  }

  #draw(): void {
    this.#drawnMs = performance.now()
    const { columns = COLUMNS, rows = ROWS } = this.#terminal
    const { colour, silentSeconds } = this.#options
    const lines = frame(this.#picture, Math.max(columns, COLUMNS_MIN), Math.max(rows, ROWS_MIN), {
      colour,
      silentSeconds: silentSeconds(),
    }).slice(0, rows)
    const changes = Array.from({ length: Math.max(lines.length, this.#shown?.length ?? 0) }, (_, row) => row)
      .filter((row) => lines[row] !== this.#shown?.[row])
      .map((row) => `\x1b[${row + 1};1H${lineOf(lines[row] ?? '', columns)}`)
    if (changes.length > 0) {
      this.#terminal.write(`${BEGIN}${this.#shown === undefined ? CLEAR : ''}${changes.join('')}${END}`)
    }
    this.#shown = lines
  }
}

/** A full line clears nothing: the cursor still stands on its last character, which would go. */
function lineOf(text: string, columns: number): string {
  return stripVTControlCharacters(text).length < columns ? `${text}${CLEAR_REST}` : text
}

/** What a view of the page is: built for a run, then kept up to date. */
import type { ChartDesk } from './chart.ts'

export type Desk = ChartDesk

export interface View {
  /** A run has begun: make everything anew. */
  build(): void
  /** Ten times a second at most. */
  update(): void
  /** Theme, marks or the chosen moment have changed. */
  repaint(how: 'theme' | 'marks'): void
}

/** A table of more rows than this is filled less often: it takes the browser a while, and nobody reads figures so fast. */
const ROWS_MANY = 16
const MANY_EVERY_MS = 400

/** When a table is due; what a run leaves at its end always is. */
export class Turn {
  #lastMs = -Infinity

  due(desk: Desk, rows: number): boolean {
    const now = performance.now()
    if (rows > ROWS_MANY && desk.run.status?.state === 'running' && now - this.#lastMs < MANY_EVERY_MS) return false
    this.#lastMs = now
    return true
  }
}

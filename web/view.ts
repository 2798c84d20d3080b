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

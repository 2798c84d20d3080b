/** What is told to pages: the run so far to one that comes, and to all that are there what is new, in portions. */
import type { Events, Heard, Listener, Sample, Status } from '#shared/observe/broadcast.ts'
import { type Columns, columnsOf, type Row, rowOf } from './frame.ts'
import { History } from './history.ts'
import { MailBook } from './mail-book.ts'
import { type Mark, Marks } from './marks.ts'
import type { Latest } from './metrics.ts'

/** All that a page needs to begin with. */
export interface Whole {
  readonly status: Status | null
  /** Virtual seconds; 0 until it is known. */
  readonly quantumSeconds: number
  readonly columns: Columns
  readonly rows: readonly Row[]
  readonly marks: readonly Mark[]
  /** Whether the page may ask for something. */
  readonly acts: boolean
}

export interface News {
  readonly status?: Status
  readonly quantumSeconds: number
  readonly rows: readonly Row[]
  readonly marks: readonly Mark[]
}

/** The names of messages to the page, with what they carry. */
export interface Messages {
  whole: Whole
  news: News
}

export type Tell = <M extends keyof Messages>(name: M, message: Messages[M]) => void

/** A run in a hurry has more samples than can be seen; a portion holds so many at most, evenly spread, the newest among them. */
const ROWS_MAX = 20
const MARKS_MAX = 500

export class Board implements Listener {
  readonly #acts: boolean
  readonly #tell: Tell
  readonly #history = new History<Row>()
  readonly #marks = new Marks()
  readonly #mail = new MailBook()
  #status: Status | undefined
  #sample: Sample | undefined
  #columns: Columns = []
  #quantumSeconds = 0
  #newStatus: Status | undefined
  #newRows: Row[] = []
  #newMarks: Mark[] = []

  constructor(acts: boolean, tell: Tell) {
    this.#acts = acts
    this.#tell = tell
  }

  get cluster(): string | undefined {
    return this.#status?.cluster
  }

  get latest(): Latest {
    return { status: this.#status, sample: this.#sample }
  }

  get whole(): Whole {
    return {
      status: this.#status ?? null,
      quantumSeconds: this.#quantumSeconds,
      columns: this.#columns,
      rows: this.#history.items,
      marks: this.#marks.items,
      acts: this.#acts,
    }
  }

  /** What was said around a quantum, as far as it was told. */
  mailAround(quantum: number): Heard[] {
    return this.#mail.around(quantum)
  }

  status(status: Status): void {
    const another = status.run !== this.#status?.run
    this.#status = status
    this.#learn(status)
    if (!another) {
      this.#newStatus = status
      return
    }
    this.#sample = undefined
    this.#history.clear()
    this.#marks.clear()
    this.#mail.clear()
    this.#columns = columnsOf(status)
    this.#forgetNews()
    this.#tell('whole', this.whole)
  }

  sample(sample: Sample): void {
    if (this.#status === undefined) return
    this.#learn(sample)
    this.#sample = sample
    const row = rowOf(this.#columns, sample)
    this.#history.add(row)
    this.#newRows.push(row)
    if (this.#newRows.length > ROWS_MAX * 2) this.#newRows = thinned(this.#newRows)
  }

  events({ events, mail = [] }: Events): void {
    for (const event of events) {
      const mark = this.#marks.add(event)
      if (mark) this.#newMarks.push(mark)
    }
    for (const heard of mail) this.#mail.add(heard, () => this.#marks.items.map(({ quantum }) => quantum))
    if (this.#newMarks.length > MARKS_MAX) this.#newMarks = this.#newMarks.slice(-MARKS_MAX)
  }

  /** Tells what is new since the last time, if anything is. */
  flush(): void {
    const [status, marks] = [this.#newStatus, this.#newMarks]
    const rows = this.#newRows.length > ROWS_MAX ? thinned(this.#newRows) : this.#newRows
    if (status === undefined && rows.length === 0 && marks.length === 0) return
    this.#forgetNews()
    this.#tell('news', { ...(status && { status }), quantumSeconds: this.#quantumSeconds, rows, marks })
  }

  #forgetNews(): void {
    this.#newStatus = undefined
    this.#newRows = []
    this.#newMarks = []
  }

  #learn({ quantum, virtualSeconds }: { readonly quantum: number; readonly virtualSeconds: number }): void {
    if (quantum > 0 && virtualSeconds > 0) this.#quantumSeconds = virtualSeconds / quantum
  }
}

/** Every second one, and the newest. */
function thinned(rows: readonly Row[]): Row[] {
  return rows.filter((_, i) => (rows.length - 1 - i) % 2 === 0)
}

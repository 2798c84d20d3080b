/**
 * A table as a Parquet file, written row by row: rows are gathered into row groups, so that memory stays bounded however long the
 * table is. Until it is finished it stands under another name: what a killed process leaves does not look like a whole table.
 */
import { renameSync, rmSync } from 'node:fs'
import { fileWriter, ParquetWriter } from 'hyparquet-writer'
import { guarded } from '../output.ts'

export interface Column {
  /** With its unit: `usedBytes`. */
  readonly name: string
  readonly type: 'number' | 'text' | 'flag'
}

/** Undefined and NaN: there is no value. */
export type Cell = number | string | boolean | undefined

/** A row group: DuckDB reads groups side by side, and some thousand rows make a header worth its bytes. */
const GROUP_ROWS = 8192

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema']
type Leaf = Pick<Schema[number], 'type' | 'converted_type'>

const LEAVES: Readonly<Record<Column['type'], Leaf>> = {
  number: { type: 'DOUBLE' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  flag: { type: 'BOOLEAN' },
}

export class TableFile implements Disposable {
  readonly #path: string
  readonly #columns: readonly Column[]
  readonly #writer: ParquetWriter
  #cells: Exclude<Cell, undefined>[][]

  /** Throws CP_OUTPUT. */
  constructor(path: string, columns: readonly Column[]) {
    this.#path = path
    this.#columns = columns
    this.#cells = columns.map(() => [])
    const schema: Schema = [
      { name: 'schema', num_children: columns.length },
      ...columns.map(({ name, type }) => ({ name, repetition_type: 'OPTIONAL' as const, ...LEAVES[type] })),
    ]
    const writer = guarded(path, () => fileWriter(this.#partPath))
    this.#writer = new ParquetWriter({ writer, schema, createdBy: 'coldpool' })
  }

  /** A cell for each column, in their order. Throws CP_OUTPUT. */
  add(row: readonly Cell[]): void {
    for (const [i, cells] of this.#cells.entries()) cells.push(valueOf(row[i]))
    if (this.#cells[0]!.length >= GROUP_ROWS) this.#writeGroup()
  }

  /** From now on it is there. Throws CP_OUTPUT. */
  finish(): void {
    this.#writeGroup()
    guarded(this.#path, () => {
      void this.#writer.finish()
      renameSync(this.#partPath, this.#path)
    })
  }

  /** What was not finished is removed. */
  [Symbol.dispose](): void {
    rmSync(this.#partPath, { force: true })
  }

  get #partPath(): string {
    return `${this.#path}.part`
  }

  #writeGroup(): void {
    if (this.#cells[0]!.length === 0) return
    const columnData = this.#columns.map(({ name }, i) => ({ name, data: this.#cells[i]! }))
    guarded(this.#path, () => void this.#writer.write({ columnData, rowGroupSize: GROUP_ROWS }))
    this.#cells = this.#columns.map(() => [])
  }
}

/** The library takes null for what is not there; its types do not say so. */
function valueOf(cell: Cell): Exclude<Cell, undefined> {
  return cell === undefined || Number.isNaN(cell) ? (null as never) : cell
}

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { afterAll, expect, test } from 'vitest'
import { type Column, TableFile } from './table-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-parquet-'))
afterAll(() => rmSync(folder, { recursive: true }))

const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'number' },
  { name: 'name', type: 'text' },
  { name: 'outrun', type: 'flag' },
]

test('what is written row by row is read back, group by group, with its types and with what is not there', async () => {
  const path = join(folder, 'long.parquet')
  const rows = 20_000
  {
    using table = new TableFile(path, COLUMNS)
    for (let i = 0; i < rows; i++) table.add([i % 3 === 0 ? NaN : i / 7, i % 5 === 0 ? undefined : `é${i}`, i % 2 === 0])
    table.finish()
  }
  const file = await asyncBufferFromFile(path)
  const { row_groups: groups, num_rows: count } = await parquetMetadataAsync(file)
  expect([Number(count), groups.length]).toEqual([rows, 3])
  const read = await parquetReadObjects({ file })
  expect(read).toHaveLength(rows)
  for (const [i, row] of read.entries()) {
    const expected = { id: i % 3 === 0 ? null : i / 7, name: i % 5 === 0 ? null : `é${i}`, outrun: i % 2 === 0 }
    expect({ id: null, name: null, ...row }).toEqual(expected)
  }
})

test('a table without rows has its columns', async () => {
  const path = join(folder, 'empty.parquet')
  new TableFile(path, COLUMNS).finish()
  const { schema, num_rows: count } = await parquetMetadataAsync(await asyncBufferFromFile(path))
  expect([schema.map(({ name }) => name), Number(count)]).toEqual([['schema', 'id', 'name', 'outrun'], 0])
})

test('what is not finished is not there under its name', () => {
  const path = join(folder, 'cut.parquet')
  {
    using table = new TableFile(path, COLUMNS)
    for (let i = 0; i < 10_000; i++) table.add([i, 'x', true])
    expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, true])
  }
  expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, false])
})

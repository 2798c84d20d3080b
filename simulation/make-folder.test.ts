import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeFolder } from './make-folder.ts'

describe('a folder', () => {
  const home = mkdtempSync(join(tmpdir(), 'coldpool-folder-'))
  const file = join(home, 'file')
  writeFileSync(file, '')
  afterAll(() => rmSync(home, { recursive: true }))

  it('is made with those that it lies in, and may be there already', () => {
    const path = join(home, 'a', 'b', 'c')
    makeFolder(path)
    makeFolder(path)
    makeFolder(join(home, 'a', 'd'))
    expect(statSync(path).isDirectory()).toBe(true)
    expect(existsSync(join(home, 'a', 'd'))).toBe(true)
  })

  it('cannot be made where a file is', () => {
    expect(() => makeFolder(file)).toThrow('EEXIST')
    expect(() => makeFolder(join(file, 'x', 'y'))).toThrow('EEXIST')
  })

  it.skipIf(!existsSync('/proc/1'))('is refused, and not tried for ever, where the system has room for none', () => {
    expect(() => makeFolder('/proc/1/x/y')).toThrow(`ENOENT: no such file or directory, mkdir '/proc/1/x'`)
  })
})

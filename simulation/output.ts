/** Where results are written: folders that are never there before, and errors that name the place. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ColdpoolError } from '#shared/errors.ts'
import { makeFolder } from './make-folder.ts'

/** `parent/NAME-STAMP`, with the time in UTC to the second. */
export function stampedFolder(parent: string, name: string): string {
  const stamp = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*/, '')
  return guarded(join(parent, name), () => fresh(parent, `${name}-${stamp}`))
}

/** Throws CP_OUTPUT for what `write` throws. */
export function guarded<T>(where: string, write: () => T, expected = 'a folder that can be written'): T {
  try {
    return write()
  } catch (error) {
    throw new ColdpoolError('CP_OUTPUT', where, (error as Error).message, expected)
  }
}

/** Makes a folder of this name, or name-2, name-3, … if it is there already: nothing is overwritten. */
function fresh(parent: string, name: string): string {
  makeFolder(parent)
  for (let attempt = 1; ; attempt++) {
    const path = join(parent, attempt === 1 ? name : `${name}-${attempt}`)
    try {
      mkdirSync(path)
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= 1000) throw error
    }
  }
}

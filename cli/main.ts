#!/usr/bin/env node
/** The command `coldpool`. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

const NODE_MAJOR_MIN = 24

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
  process.stderr.write(
    `coldpool needs Node ${NODE_MAJOR_MIN} or newer, this is ${process.versions.node}: "npm start" and "npx node" bring it\n`,
  )
  process.exitCode = 2
} else {
  // A third of the time until a run begins would be blanking out types and compiling.
  const { XDG_CACHE_HOME, HOME } = process.env
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (caches) {
    const { makeFolder } = await import('#simulation/make-folder.ts')
    const cache = join(caches, 'coldpool')
    try {
      makeFolder(cache)
      enableCompileCache(cache)
      // For its threads, and for the processes that it starts.
      process.env['NODE_COMPILE_CACHE'] ??= cache
    } catch {
      // Where nothing can be kept, nothing is.
    }
  }
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  const { main } = await import('./program.ts')
  process.exitCode = await main(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
  })
  // Whatever still hangs on the event loop, a connection that is being made for instance, must not keep a process that is done.
  process.stdout.write('', () => process.exit())
}

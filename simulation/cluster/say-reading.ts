/** How far a file has been read that takes its time, in the log of a process. */
import type { Log } from '#shared/observe/log.ts'
import type { OnReading } from '../reference-file.ts'

const SAY_EVERY_MS = 2000

/** A line every two seconds; what is soon read is none. */
export function sayReading(log: Log): OnReading {
  let saidMs = performance.now()
  return (file, bytes, ofBytes) => {
    const nowMs = performance.now()
    if (nowMs - saidMs < SAY_EVERY_MS) return
    saidMs = nowMs
    log.info({ file, bytes, ofBytes }, 'reading a file')
  }
}

/** A process that a test has doomed: it dies, or kills another, at a given moment of the protocol, once. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

export type Moment = 'grant' | 'bags' | 'done' | 'set' | 'whole'

export interface Doom {
  readonly moment: Moment
  /** Moments of a set that this process must have seen by then, the present one included. */
  readonly sets: number
  /** As many such moments pass first. */
  readonly spared: number
  /** Whom to kill instead of oneself. */
  readonly victim?: number
}

/** From now on the process that looks at this file is doomed. */
export function writeDoom(file: string, doom: Doom): void {
  // It may look at any moment, and must find all of it or none.
  writeFileSync(`${file}.part`, JSON.stringify(doom))
  renameSync(`${file}.part`, file)
}

/** The file holds the doom, from when the test writes it until it is carried out. */
export function doomed(file: string): (moment: Moment) => Promise<void> | void {
  let sets = 0
  let passed = 0
  return (moment) => {
    if (!existsSync(file)) {
      sets = passed = 0
      return
    }
    if (moment === 'set') sets++
    const doom = JSON.parse(readFileSync(file, 'utf8')) as Doom
    if (moment !== doom.moment || sets < doom.sets || passed++ < doom.spared) return
    rmSync(file)
    process.kill(doom.victim ?? process.pid, 'SIGKILL')
    // The signal may take its time; one that is doomed does nothing more.
    if (doom.victim === undefined) return new Promise(() => {})
  }
}

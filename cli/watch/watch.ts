/** `coldpool watch`: a run as it goes, on a screen where there is a terminal, else as plain lines, until it ends or the user quits. */
import { EXIT_INTERRUPTED } from '../interrupt.ts'
import type { Io } from '../io.ts'
import type { Feed } from './feed.ts'
import { listenForKeys, type Keyboard } from './keys.ts'
import { Lines, statusLine } from './lines.ts'
import { Picture } from './picture.ts'
import { Screen, type Terminal } from './screen.ts'
import type { View } from './view.ts'

/** So often it is looked whether the run has fallen silent. */
const LOOK_EVERY_MS = 1000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const EXIT_FAILED = 1

export interface WatchIo extends Io {
  readonly stdout: Io['stdout'] & Partial<Terminal> & { readonly isTTY?: boolean }
  readonly stdin?: Keyboard
}

export interface WatchOptions {
  /** Plain lines, even on a terminal. */
  readonly plain?: boolean
  /** Default: the process's. NO_COLOR and TERM=dumb are respected. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Gives the exit code: 0 when the run ended or the user quit, 1 when the run failed, 130 on an interrupt. Closes the feed. */
export async function watch(feed: Feed, io: WatchIo, { plain = false, env = process.env }: WatchOptions = {}): Promise<number> {
  const picture = new Picture()
  const { promise: over, resolve: end } = Promise.withResolvers<number>()
  let heardMs = performance.now()
  const silentSeconds = (): number => (performance.now() - heardMs) / 1000
  const onSignal = (): void => end(EXIT_INTERRUPTED)
  for (const signal of SIGNALS) process.on(signal, onSignal)

  const { stdout } = io
  const terminal = !plain && env['TERM'] !== 'dumb' && isTerminal(stdout) ? stdout : undefined
  const view: View =
    terminal === undefined
      ? new Lines(picture, stdout, silentSeconds)
      : new Screen(picture, terminal, { colour: (env['NO_COLOR'] ?? '') === '', silentSeconds })
  const keys = listenForKeys(terminal && io.stdin, { quit: () => end(0), interrupt: onSignal })
  const look = setInterval(() => view.update(), LOOK_EVERY_MS)
  try {
    const subscribed = feed.follow({
      status(status) {
        heardMs = performance.now()
        picture.hearStatus(status)
        view.update()
        if (status.state === 'ended') end(0)
        if (status.state === 'failed') end(EXIT_FAILED)
      },
      sample(sample) {
        picture.hearSample(sample)
        view.update()
      },
      events(events) {
        picture.hearEvents(events)
        view.update(events.events)
      },
    })
    // One who quits does not wait for a bus that does not answer.
    await Promise.race([subscribed, over])
    return await over
  } finally {
    clearInterval(look)
    keys[Symbol.dispose]()
    view.end()
    for (const signal of SIGNALS) process.off(signal, onSignal)
    // The alternate screen is gone and all that was on it.
    if (terminal !== undefined && picture.status !== undefined) stdout.write(`${statusLine(picture, 0)}\n`)
    await feed.close()
  }
}

function isTerminal(stdout: WatchIo['stdout']): stdout is WatchIo['stdout'] & Terminal {
  return stdout.isTTY === true && stdout.on !== undefined && stdout.off !== undefined
}

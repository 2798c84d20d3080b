/** Keys of a terminal while a run is watched: q quits; Ctrl-C, which is no signal meanwhile, interrupts. */

/** As much of a `tty.ReadStream` as is used. */
export interface Keyboard {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
  on(event: 'data', listener: (chunk: Uint8Array | string) => void): unknown
  off(event: 'data', listener: (chunk: Uint8Array | string) => void): unknown
  resume(): unknown
  pause(): unknown
}

export interface KeyActions {
  readonly quit: () => void
  readonly interrupt: () => void
}

const CTRL_C = '\x03'

/** Listens until disposed; on what is no terminal it does nothing. */
export function listenForKeys(keyboard: Keyboard | undefined, { quit, interrupt }: KeyActions): Disposable {
  if (keyboard?.isTTY !== true) return { [Symbol.dispose]: () => {} }
  const onData = (chunk: Uint8Array | string): void => {
    const text = typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)
    if (text.includes(CTRL_C)) interrupt()
    else if (text === 'q' || text === 'Q') quit()
  }
  keyboard.setRawMode?.(true)
  keyboard.on('data', onData)
  keyboard.resume()
  return {
    [Symbol.dispose]() {
      keyboard.off('data', onData)
      keyboard.setRawMode?.(false)
      keyboard.pause()
    },
  }
}

/** Server-sent events to all pages that are open. One that does not take them is let go: it comes back and gets the whole again. */
import type { ServerResponse } from 'node:http'
import type { Messages } from './board.ts'

const PAGES_MAX = 32
/** A run of 64 hosts is a few megabytes as a whole. */
const QUEUED_BYTES_MAX = 64 << 20
/** A comment now and then finds out who is gone, and keeps what lies between awake. */
const BEAT_MS = 15_000

export class Stream {
  readonly #pages = new Set<ServerResponse>()
  readonly #beat = setInterval(() => this.#write(':\n\n'), BEAT_MS).unref()

  get full(): boolean {
    return this.#pages.size >= PAGES_MAX
  }

  open(response: ServerResponse, whole: Messages['whole']): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    response.write(`retry: 1000\n\n${message('whole', whole)}`)
    this.#pages.add(response)
    response.on('close', () => this.#pages.delete(response))
  }

  tell<M extends keyof Messages>(name: M, content: Messages[M]): void {
    if (this.#pages.size > 0) this.#write(message(name, content))
  }

  close(): void {
    clearInterval(this.#beat)
    for (const response of this.#pages) response.end()
  }

  #write(text: string): void {
    for (const response of this.#pages) {
      if (response.writableLength > QUEUED_BYTES_MAX) response.destroy()
      else response.write(text)
    }
  }
}

/** JSON has no line breaks of its own. */
function message(name: string, content: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(content)}\n\n`
}

/**
 * What it costs to write a run down and to watch it: run folder (metrics, events), the dashboard's ten looks a virtual second with
 * a page that hears them, and a scraper of /metrics; against the same run with nothing of that. The two take turns.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setInterval } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { assert } from '#shared/errors.ts'
import type { Benchmark } from './harness.ts'

const CHILD = fileURLToPath(new URL('telemetry-child.ts', import.meta.url))
/** deploy/prometheus asks every five seconds, but a run of half a minute is over in seconds. */
const SCRAPE_MS = 1000

interface Run {
  readonly digest: string
  readonly wallSeconds: number
}

export const telemetry: Benchmark = {
  figures: [{ name: 'telemetry-wall-percent', unit: '%', goal: 5, better: 'lower' }],
  runs: 5,
  prepare: (quick) => {
    const overrides = quick ? ['duration=5s', 'workloads.bear.attack=2s'] : ['duration=30s', 'workloads.bear.attack=15s']
    return async () => {
      const bare = await run('bare', overrides)
      const watched = await run('watched', overrides)
      assert(watched.digest === bare.digest, `who watches changed the run: ${watched.digest}, not ${bare.digest}`)
      return [100 * (watched.wallSeconds / bare.wallSeconds - 1)]
    }
  },
}

async function run(how: 'bare' | 'watched', overrides: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [CHILD, how, ...overrides], { stdio: ['ignore', 'pipe', 'inherit'] })
  const over = new AbortController()
  const exit = once(child, 'exit')
  let last = ''
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('http')) void watch(line, over.signal)
    else last = line
  }
  over.abort()
  const [code] = (await exit) as [number | null]
  assert(code === 0, `${how} ended with ${code}`)
  const [digest, wallSeconds] = last.split(' ') as [string, string]
  return { digest, wallSeconds: Number(wallSeconds) }
}

/** A page and a scraper, until the dashboard is closed. */
async function watch(url: string, signal: AbortSignal): Promise<void> {
  const page = async (): Promise<void> => {
    const { body } = await fetch(`${url}events`, { signal })
    for await (const _ of body!);
  }
  const scraper = async (): Promise<void> => {
    for await (const _ of setInterval(SCRAPE_MS, undefined, { signal })) await (await fetch(`${url}metrics`, { signal })).text()
  }
  await Promise.allSettled([page(), scraper()])
}

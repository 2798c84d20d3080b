/** Scenarios with some of their settings changed, as texts. */
import { readFileSync } from 'node:fs'
import { loadScenario } from '#shared/scenario.ts'

/** The scenario with these settings (`path=value`) instead of its own or beside them, as `coldpool run --set` takes them. */
export function amended(yaml: string, ...settings: readonly string[]): string {
  return loadScenario(yaml, 'amended', settings).yaml
}

/** One that the product ships. */
export function shipped(name: string): string {
  return readFileSync(new URL(`../scenarios/${name}.yaml`, import.meta.url), 'utf8')
}

/** The bear attacks when pages have come home, and is refused before the end. */
export const SHORT_QUICKSTART = amended(shipped('quickstart'), 'quantum=50ms', 'duration=15s', 'workloads.bear.attack=12s')

/** The scan begins at 5 s. */
export const SHORT_NEIGHBOUR = amended(shipped('noisy-neighbour'), 'quantum=20ms', 'duration=7s')

/** Scenarios with some of their settings changed, as texts. */
import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'

/** The scenario with these settings, by their paths, instead of its own or beside them. */
export function amended(yaml: string, settings: Readonly<Record<string, string>>): string {
  const document = parseDocument(yaml)
  for (const [path, value] of Object.entries(settings)) document.setIn(path.split('.'), value)
  return String(document)
}

/** One that the product ships. */
export function shipped(name: string): string {
  return readFileSync(new URL(`../scenarios/${name}.yaml`, import.meta.url), 'utf8')
}

/** The bear attacks when pages have come home, and is refused before the end. */
export const SHORT_QUICKSTART = amended(shipped('quickstart'), {
  quantum: '50ms',
  duration: '15s',
  'workloads.bear.attack': '12s',
})

/** The scan begins at 5 s. */
export const SHORT_NEIGHBOUR = amended(shipped('noisy-neighbour'), { quantum: '20ms', duration: '7s' })

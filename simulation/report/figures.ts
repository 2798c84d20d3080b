/** Looking into a verdict's nested figures by path, such as `refused.full`. */
import type { Figures } from '../verdict.ts'

/** Undefined where there is none. */
export function lookUp(figures: Figures, path: string): number | Figures | undefined {
  return path
    .split('.')
    .reduce<number | Figures | undefined>(
      (found, part) => (typeof found === 'object' && Object.hasOwn(found, part) ? found[part] : undefined),
      figures,
    )
}

/** Of its numbers, in their order. */
export function pathsOf(figures: Figures): string[] {
  return Object.entries(figures).flatMap(([name, value]) =>
    typeof value === 'number' ? [name] : pathsOf(value).map((path) => `${name}.${path}`),
  )
}

/** Zero where there is none, or where it has no value. */
export function figureOf(figures: Figures | undefined, path: string): number {
  const found = figures === undefined ? undefined : lookUp(figures, path)
  return typeof found === 'number' && !Number.isNaN(found) ? found : 0
}

/**
 * A service whose accesses follow Zipf's law: the page of rank r gets accesses in proportion to r^−skew, for ever the same
 * ranks. Ranks are put into at most 24 classes with geometric bounds; each class gets the exact mass of its ranks, spread
 * evenly inside it. Left out: the order within a class, and any change of ranks over time (see phases.ts).
 */
import { pow } from '#shared/arithmetic.ts'
import { steady, type Behaviour } from './behaviour.ts'
import { harmonic } from './harmonic.ts'
import { profileOfClasses, type Footprint, type RateClass } from './profile.ts'

export interface ZipfKind {
  readonly name: 'zipf'
  readonly accessesPerSecond: number
  readonly writeShare: number
  readonly skew: number
}

export function zipf(footprint: Footprint, kind: ZipfKind): Behaviour {
  return steady(profileOfClasses(footprint, zipfClasses(footprint.pages, kind), kind.writeShare))
}

const MOST_CLASSES = 24
/**
 * The hottest class: scattering by the golden ratio gives a class its pages up to ±2, so a class of one page could come
 * out empty and take the hottest rank's accesses with it. With 64 pages the error of all accesses is below 1 % (D).
 */
const HOTTEST_PAGES = 64

export function zipfClasses(pages: number, law: { readonly accessesPerSecond: number; readonly skew: number }): RateClass[] {
  const all = harmonic(0, pages, law.skew)
  const classes: RateClass[] = []
  let above = 0
  for (const bound of rankBounds(pages)) {
    const mass = harmonic(above, bound, law.skew)
    classes.push({ share: (bound - above) / pages, accessesPerSecond: (law.accessesPerSecond * mass) / all })
    above = bound
  }
  return classes
}

/** The last rank of each class, ascending; the last of all is `pages`. */
function rankBounds(pages: number): number[] {
  // A small workload still gets classes: its hottest holds a sixteenth of it.
  const first = Math.min(HOTTEST_PAGES, Math.ceil(pages / 16))
  const bounds = [first]
  for (let index = 1; index < MOST_CLASSES; index++) {
    const bound = Math.round(first * pow(pages / first, index / (MOST_CLASSES - 1)))
    if (bound > bounds.at(-1)!) bounds.push(bound)
  }
  bounds[bounds.length - 1] = pages
  return bounds
}

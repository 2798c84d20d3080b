/**
 * How each page on a device got there, one byte a page, and how many there are of each origin. Hosts whose devices are
 * reached by demotion alone do without.
 */
import { assert } from '#shared/errors.ts'

export const LEAK_KINDS = ['anon', 'pageCache', 'kernel'] as const
export type LeakKind = (typeof LEAK_KINDS)[number]

/** Who allocated it: what the isolation did not hold back. */
const ANON_CAUSES = ['workload', 'systemService', 'rootTask', 'rebind'] as const
const KERNEL_CAUSES = ['kernelThread', 'interrupt'] as const
export type LeakCause = (typeof ANON_CAUSES)[number] | (typeof KERNEL_CAUSES)[number]

const LEAKS: readonly { readonly kind: LeakKind; readonly cause: LeakCause }[] = LEAK_KINDS.flatMap((kind) =>
  (kind === 'kernel' ? KERNEL_CAUSES : ANON_CAUSES).map((cause) => ({ kind, cause })),
)

/** Admitted by the device. */
export const DEMOTED = 0
/** Taken by user space on purpose. */
export const DELIBERATE = 1
const FIRST_LEAK = 2

export function leakOrigin(kind: LeakKind, cause: LeakCause): number {
  const index = LEAKS.findIndex((leak) => leak.kind === kind && leak.cause === cause)
  assert(index >= 0, `${kind} can leak by ${cause}`)
  return FIRST_LEAK + index
}

export function leakOf(origin: number): { readonly kind: LeakKind; readonly cause: LeakCause } {
  return LEAKS[origin - FIRST_LEAK]!
}

export class Origins {
  /** Valid for pages that hold a slot. */
  #column = new Uint8Array(1024)
  /** Slots held now, and pages allocated on a device over the whole run, by origin. */
  readonly held = new Float64Array(FIRST_LEAK + LEAKS.length)
  readonly ever = new Float64Array(FIRST_LEAK + LEAKS.length)

  /** All slots held, and those of the page cache and the kernel. */
  get total(): number {
    return this.held.reduce((sum, pages) => sum + pages, 0)
  }
  get system(): number {
    return LEAKS.reduce((sum, { kind }, i) => sum + (kind === 'anon' ? 0 : this.held[FIRST_LEAK + i]!), 0)
  }

  of(page: number): number {
    return this.#column[page] ?? DEMOTED
  }

  enter(page: number, origin: number): void {
    if (page >= this.#column.length) {
      const grown = new Uint8Array(Math.max(page + 1, this.#column.length * 2))
      grown.set(this.#column)
      this.#column = grown
    }
    this.#column[page] = origin
    this.held[origin]!++
    this.ever[origin]!++
  }

  leave(page: number): void {
    this.held[this.#column[page]!]!--
    this.#column[page] = DEMOTED
  }

  snapshot(): Record<string, unknown> {
    return { column: this.#column.slice(), held: this.held.slice(), ever: this.ever.slice() }
  }

  restore(from: Record<string, unknown>): void {
    this.#column = (from['column'] as Uint8Array).slice()
    this.held.set(from['held'] as Float64Array)
    this.ever.set(from['ever'] as Float64Array)
  }
}

/** Pages that came to the devices in spite of the isolation, by kind and by cause, and what lies there now by how it came. */
export function describeOrigins(origins: Origins | undefined, slots: number): Record<string, number> {
  const { held, ever } = origins ?? { held: [slots], ever: [] }
  const view: Record<string, number> = {}
  const now: Record<string, number> = { 'origin.demoted': held[DEMOTED]!, 'origin.deliberate': held[DELIBERATE] ?? 0 }
  for (const kind of LEAK_KINDS) {
    view[`leaked.${kind}`] = 0
    now[`origin.${kind}`] = 0
  }
  LEAKS.forEach(({ kind, cause }, i) => {
    const pages = ever[FIRST_LEAK + i] ?? 0
    view[`leaked.${kind}`]! += pages
    view[`leakedBy.${kind}.${cause}`] = pages
    now[`origin.${kind}`]! += held[FIRST_LEAK + i] ?? 0
  })
  return { ...view, ...now }
}

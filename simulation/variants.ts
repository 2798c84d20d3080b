/** Runs many scenarios on all cores (variant-pool.ts): verdicts come back in the order of the variants. */
import { availableParallelism } from 'node:os'
import { type Variant, VariantPool } from './variant-pool.ts'
import type { Verdict } from './verdict.ts'

export type { Variant }

export interface VariantOptions {
  /** Threads; default: one for each core. */
  readonly workers?: number
  /** Aborted: what is under way is dropped. */
  readonly signal?: AbortSignal
  /** In the order in which they end. */
  readonly onDone?: (index: number, verdict: Verdict) => void
}

/** Throws what a variant failed of, or the signal's reason. */
export async function runVariants(variants: readonly Variant[], options: VariantOptions = {}): Promise<Verdict[]> {
  const { onDone = () => {} } = options
  const verdicts: Verdict[] = []
  await eachVariant(variants, options, (index, verdict) => {
    verdicts[index] = verdict
    onDone(index, verdict)
  })
  return verdicts
}

/** As runVariants, for more verdicts than one would keep. */
export async function eachVariant(
  variants: readonly Variant[],
  { workers = availableParallelism(), signal }: VariantOptions,
  onDone: (index: number, verdict: Verdict) => void,
): Promise<void> {
  signal?.throwIfAborted()
  await using pool = new VariantPool(Math.min(workers, variants.length))
  let next = 0
  const work = async (): Promise<void> => {
    while (next < variants.length) {
      const index = next++
      onDone(index, await pool.run(variants[index]!))
    }
  }
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal!.reason as Error)
  signal?.addEventListener('abort', abort)
  try {
    await Promise.race([Promise.all(Array.from({ length: pool.size }, work)), aborted.promise])
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

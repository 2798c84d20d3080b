/** Runs many scenarios on all cores (variant-pool.ts): results come back in the order of the variants. */
import { availableParallelism } from 'node:os'
import type { Progress } from './progress.ts'
import { type Variant, VariantPool, type VariantResult } from './variant-pool.ts'

export type { Variant, VariantResult }

export interface VariantOptions {
  /** Threads; default: one for each core. */
  readonly workers?: number
  /** Aborted: what is under way ends early, and its folder stays. */
  readonly signal?: AbortSignal
  /** In the order in which they end. */
  readonly onDone?: (index: number, result: VariantResult) => void
  readonly onProgress?: (index: number, progress: Progress) => void
  /** What is thrown for what a variant failed of. */
  readonly failureOf?: (index: number, error: unknown) => unknown
}

/** Throws what a variant failed of, or the signal's reason. */
export async function runVariants(variants: readonly Variant[], options: VariantOptions = {}): Promise<VariantResult[]> {
  const { onDone = () => {}, ...rest } = options
  const results: VariantResult[] = []
  await eachVariant(variants, {
    ...rest,
    onDone: (index, result) => {
      results[index] = result
      onDone(index, result)
    },
  })
  return results
}

/** As runVariants, for more results than one would keep. */
export async function eachVariant(variants: readonly Variant[], options: VariantOptions): Promise<void> {
  const { workers = availableParallelism(), signal, onDone, onProgress, failureOf = (_, error) => error } = options
  signal?.throwIfAborted()
  await using pool = new VariantPool(Math.min(workers, variants.length))
  let next = 0
  const ended = (): boolean => signal?.aborted === true
  const work = async (): Promise<void> => {
    while (next < variants.length && !ended()) {
      const index = next++
      const running = pool.run(variants[index]!, onProgress && ((progress) => onProgress(index, progress)))
      const result = await running.catch((error: unknown) => {
        throw failureOf(index, error)
      })
      if (!ended()) onDone?.(index, result)
    }
  }
  const end = (): void => pool.end()
  signal?.addEventListener('abort', end)
  try {
    await Promise.all(Array.from({ length: pool.size }, work))
    signal?.throwIfAborted()
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

/** Commands as they travel in grants and assignments: with the stage on which a newcomer lives. */
import { z } from 'zod'
import type { Command } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'

export type PlacedCommand = Command & { readonly stage?: number }

const id = z.string().max(64)
const ordinal = z.int().min(0)
const stage = z.int().min(0).optional()
const schema = z
  .array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('inject'), id, ordinal, workload: z.record(z.string(), z.unknown()), stage }),
      z.object({ kind: z.literal('stop'), id, stage }),
      z.object({ kind: z.literal('join'), id, ordinal, host: id, stage }),
      z.object({ kind: z.literal('mail'), id, mail: z.enum(['profile', 'accesses']), body: z.instanceof(Uint8Array), stage }),
      z.object({ kind: z.literal('gone'), id, stage }),
    ]),
  )
  .max(100_000)

/** Throws CP_WIRE. */
export function placedCommands(data: unknown): PlacedCommand[] {
  const result = schema.safeParse(data)
  if (result.success) return result.data as PlacedCommand[]
  throw new ColdpoolError('CP_WIRE', 'commands', z.prettifyError(result.error).split('\n')[0]!, 'a list of commands')
}

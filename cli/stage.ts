/** `coldpool stage`: a process that carries actors of a cluster. */
import { ColdpoolError } from '#shared/errors.ts'
import { STAGE_ROLES } from '#shared/messages.ts'
import { crewProcess, untilAsked } from '#simulation/cluster/process.ts'

export interface StageFlags {
  readonly bus?: string
  readonly cluster?: string
  readonly roles: string
  readonly name?: string
  readonly capacity?: string
  readonly log?: string
}

const ROLES: readonly string[] = STAGE_ROLES

/** Gives the exit code when it has been asked to end. */
export async function stage(flags: StageFlags): Promise<number> {
  const { bus, cluster, name, log } = flags
  const roles = flags.roles.split(',').map((role) => role.trim())
  for (const role of roles) {
    if (!ROLES.includes(role)) throw wrong('--roles', flags.roles, `some of ${ROLES.join(', ')}, separated by commas`)
  }
  if (name !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(name))
    throw wrong('--name', name, 'at most 64 of A-Z, a-z, 0-9, - and _')
  const { capacity = '0' } = flags
  if (!/^\d{1,6}$/.test(capacity)) throw wrong('--capacity', capacity, 'a whole number; 0 for any number of actors')
  const crew = { bus, cluster, log, roles: [...new Set(roles)], name, capacity: Number(capacity) }
  await untilAsked((signal) => crewProcess(crew, signal))
  return 0
}

function wrong(option: string, got: string, expected: string): ColdpoolError {
  return new ColdpoolError('CP_OPTION', option, `got ${JSON.stringify(got).slice(0, 80)}`, expected)
}

/** As services/ROLE/main.ts for the one role that the name begins with, or for `all`, but doomed. */
import { STAGE_ROLES } from '#shared/messages.ts'
import { crewProcess, serviceMain } from '#simulation/cluster/process.ts'
import { doomed } from './doom.ts'

const { COLDPOOL_NAME, COLDPOOL_TEST_DOOM } = process.env
const role = COLDPOOL_NAME!.split('-')[0]!
const roles = role === 'all' ? STAGE_ROLES : [role]

await serviceMain((flags, signal) => crewProcess({ ...flags, roles }, signal, { onMoment: doomed(COLDPOOL_TEST_DOOM!) }))

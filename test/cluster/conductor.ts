/** As services/conductor/main.ts, but doomed. */
import { conductorProcess } from '#simulation/cluster/conductor-process.ts'
import { serviceMain } from '#simulation/cluster/process.ts'
import { doomed } from './doom.ts'

await serviceMain((flags, leave) => conductorProcess(flags, leave, { onMoment: doomed(process.env['COLDPOOL_TEST_DOOM']!) }))

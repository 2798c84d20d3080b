/** The process of the conductor: one run, from COLDPOOL_SCENARIO, or the one that was left unfinished. */
import { conductorProcess } from '#simulation/cluster/conductor-process.ts'
import { serviceMain } from '#simulation/cluster/process.ts'

await serviceMain(conductorProcess)

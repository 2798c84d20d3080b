/** The process of devices. */
import { crewProcess, serviceMain } from '#simulation/cluster/process.ts'

await serviceMain((flags, signal) => crewProcess({ ...flags, roles: ['device'] }, signal))

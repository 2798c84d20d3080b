/** The process of promoters. */
import { crewProcess, serviceMain } from '#simulation/cluster/process.ts'

await serviceMain((flags, signal) => crewProcess({ ...flags, roles: ['promoter'] }, signal))

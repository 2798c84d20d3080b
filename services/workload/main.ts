/** The process of workloads. */
import { crewProcess, serviceMain } from '#simulation/cluster/process.ts'

await serviceMain((flags, signal) => crewProcess({ ...flags, roles: ['workload'] }, signal))

/** The process of hosts, and of the workloads that run on them. */
import { crewProcess, serviceMain } from '#simulation/cluster/process.ts'

await serviceMain((flags, signal) => crewProcess({ ...flags, roles: ['host', 'workload'] }, signal))

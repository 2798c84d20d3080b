/** The process of the observer: follows the run and writes what happens into its log. */
import { observerProcess } from '#simulation/cluster/observer-process.ts'
import { serviceMain } from '#simulation/cluster/process.ts'

await serviceMain(observerProcess)

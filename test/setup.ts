/** Property tests draw the same cases on every run, so that red means that the code has changed. FC_SEED draws others. */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20251016) })

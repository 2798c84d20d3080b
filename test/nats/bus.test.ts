import { busContract } from '#shared/bus/contract.ts'
import { NatsBus } from '#shared/bus/nats.ts'
busContract('nats', () => new NatsBus({ servers: process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222', name: 'contract' }))

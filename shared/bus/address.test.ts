import { describe, expect, test } from 'vitest'
import { shownServers, type Target, targetOf } from './address.ts'

describe('the servers of a bus', () => {
  test.each<[string, Target]>([
    ['nats://a:4222', { servers: ['a:4222'], tls: false }],
    ['a', { servers: ['a'], tls: false }],
    ['nats://a:1, nats://b:2', { servers: ['a:1', 'b:2'], tls: false }],
    ['nats://[::1]:4222', { servers: ['[::1]:4222'], tls: false }],
    ['nats://me:hush@a:1', { servers: ['a:1'], user: 'me', pass: 'hush', tls: false }],
    ['nats://me:@a', { servers: ['a'], user: 'me', pass: '', tls: false }],
    ['nats://m%40e:h%3Ash:%2f@a', { servers: ['a'], user: 'm@e', pass: 'h:sh:/', tls: false }],
    ['tls://me:hush@a:1,nats://b', { servers: ['a:1', 'b'], user: 'me', pass: 'hush', tls: true }],
    ['nats://a,nats://me:hush@b', { servers: ['a', 'b'], tls: false }],
  ])('%s are read', (servers, target) => {
    expect(targetOf({ servers })).toEqual(target)
  })

  test('let in whom an option names before whom the address names', () => {
    const target = targetOf({ servers: 'nats://me:hush@a', user: 'you', password: 'psst' })
    expect(target).toMatchObject({ user: 'you', pass: 'psst' })
  })

  test.each(['', 'nats://', 'nats://a/b', 'nats://me:%zz@a', 'nats://a,,b'])('%j are CP_BUS', (servers) => {
    expect(() => targetOf({ servers })).toThrow('CP_BUS')
  })

  test('are shown without passwords, in errors too', () => {
    expect(shownServers('nats://me:hush@a:1,tls://you:psst@b')).toBe('nats://a:1,tls://b')
    expect(shownServers('me:hush@a')).toBe('a')
    expect(() => targetOf({ servers: 'nats://me:hush%zz@a' })).toThrow(/^CP_BUS nats:\/\/a: URI malformed/)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bearerToken, cookieOf, isLoopback, isOwnHost, isSameOrigin, isToken, tokenInCookies } from './guard.ts'

describe('a host', () => {
  test.each(['127.0.0.1:8080', 'localhost', 'localhost:1', '[::1]:8080', '10.1.2.3', 'LOCALHOST:80', 'pool.example:8080'])(
    '%s is ours',
    (header) => expect(isOwnHost(header, 'pool.example')).toBe(true),
  )

  test.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost.evil',
    '127.0.0.1:8080@x',
    '[::1',
    ':80',
    '999.1.1.1',
  ])('%s is not', (header) => expect(isOwnHost(header, '127.0.0.1')).toBe(false))

  test('on loopback is reached from this machine alone', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true)
    expect(['0.0.0.0', '::', '10.0.0.1', '127.example', 'host'].some(isLoopback)).toBe(false)
  })
})

test('an origin is ours if it is the very host that was asked', () => {
  expect(isSameOrigin('http://127.0.0.1:8080', '127.0.0.1:8080')).toBe(true)
  expect(isSameOrigin('https://pool.example', 'pool.example')).toBe(true)
  for (const origin of [undefined, 'null', '', 'http://evil.example', 'http://127.0.0.1:8081', 'http://127.0.0.1:8080.evil'])
    expect(isSameOrigin(origin, '127.0.0.1:8080')).toBe(false)
})

describe('a token', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '0', '9', '_', '.', '~', '-'), minLength: 16, maxLength: 128 })

  test('comes back out of the cookie that it was put into, among others too', () => {
    fc.assert(
      fc.property(text, (token) => {
        const [pair] = cookieOf(token).split(';')
        expect(tokenInCookies(pair)).toBe(token)
        expect(tokenInCookies(`a=b; ${pair}; c=d`)).toBe(token)
      }),
    )
  })

  test('is right only if it is the same', () => {
    fc.assert(
      fc.property(text, text, (token, other) => {
        expect(isToken(token, token)).toBe(true)
        expect(isToken(other, token)).toBe(other === token)
        expect(isToken(token.slice(1), token)).toBe(false)
      }),
    )
    expect(isToken(undefined, 'x')).toBe(false)
  })

  test('comes out of an Authorization header that bears it, and out of no other', () => {
    fc.assert(
      fc.property(text, (token) => {
        expect(bearerToken(`Bearer ${token}`)).toBe(token)
      }),
    )
    expect(bearerToken('bearer x')).toBe('x')
    for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic x', 'Bearer a b', `Bearer ${'x'.repeat(257)}`])
      expect(bearerToken(header)).toBeUndefined()
  })

  test('is kept from scripts and from other sites', () => {
    expect(cookieOf('x')).toMatch(/HttpOnly; SameSite=Strict/)
    expect(tokenInCookies(undefined)).toBeUndefined()
  })
})

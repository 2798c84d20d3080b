import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { dashboardSettings } from './settings.ts'

describe('a dashboard', () => {
  test('listens on loopback, port 8080, and asks for no token there', () => {
    expect(dashboardSettings({}, {})).toEqual({ host: '127.0.0.1', port: 8080 })
    expect(dashboardSettings({ dashboard: true }, {})).toEqual({ host: '127.0.0.1', port: 8080 })
  })

  test('takes options before the environment', () => {
    const env = { COLDPOOL_DASHBOARD_PORT: '1', COLDPOOL_DASHBOARD_HOST: '::1', COLDPOOL_DASHBOARD_TOKEN: 'x'.repeat(16) }
    expect(dashboardSettings({}, env)).toEqual({ host: '::1', port: 1, token: 'x'.repeat(16) })
    expect(dashboardSettings({ dashboard: '0', dashboardHost: 'localhost' }, env)).toMatchObject({ host: 'localhost', port: 0 })
  })

  test('elsewhere asks for a token, another one each time unless it is given', () => {
    const [one, other] = [
      dashboardSettings({ dashboardHost: '0.0.0.0' }, {}),
      dashboardSettings({ dashboardHost: '0.0.0.0' }, {}),
    ]
    expect(one.token).toMatch(/^[\w-]{32}$/)
    expect(other.token).not.toBe(one.token)
  })

  describe('with a file for the token of metrics', () => {
    const folder = mkdtempSync(join(tmpdir(), 'coldpool-token-'))
    const file = join(folder, 'token')
    afterAll(() => rmSync(folder, { recursive: true }))

    test('takes what is in it, or says what is wrong with it', () => {
      expect(() => dashboardSettings({}, { COLDPOOL_METRICS_TOKEN_FILE: file })).toThrow(/COLDPOOL_METRICS_TOKEN_FILE: ENOENT/)
      writeFileSync(file, 'short')
      expect(() => dashboardSettings({}, { COLDPOOL_METRICS_TOKEN_FILE: file })).toThrow(/: got something else; expected a file/)
      writeFileSync(file, `${'y'.repeat(32)}\n`)
      expect(dashboardSettings({}, { COLDPOOL_METRICS_TOKEN_FILE: file }).metricsToken).toBe('y'.repeat(32))
    })
  })

  test.each([
    [{ dashboard: 'scenario.yaml' }, {}, /^CP_OPTION --dashboard: got "scenario.yaml"; expected a port/],
    [{ dashboard: '65536' }, {}, /^CP_OPTION --dashboard:/],
    [{ dashboardHost: 'a b' }, {}, /^CP_OPTION --dashboard-host:/],
    [{}, { COLDPOOL_DASHBOARD_PORT: '-1' }, /^CP_OPTION COLDPOOL_DASHBOARD_PORT:/],
    [{}, { COLDPOOL_DASHBOARD_TOKEN: 'short' }, /^CP_OPTION COLDPOOL_DASHBOARD_TOKEN: got something else;/],
  ])('says what is wrong with %j %j', (flags, env, message) => {
    expect(() => dashboardSettings(flags, env)).toThrow(message)
  })
})
